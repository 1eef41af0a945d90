//! `optional` above a struct.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(optional)]
struct Point {
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
