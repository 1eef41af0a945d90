//! `rename` without a value.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    #[flyte(rename)]
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
