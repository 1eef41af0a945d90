//! `optional` on a field that must be there.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    #[flyte(optional)]
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
