//! A misspelt word above the struct.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(pydantik)]
struct Point {
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
