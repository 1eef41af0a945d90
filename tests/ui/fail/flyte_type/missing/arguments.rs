//! The attribute without arguments, above the struct.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte]
struct Point {
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
