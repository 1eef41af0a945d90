//! A type that does not exist.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    x: Coordinate,
}

fn main() {
    let _ = Point::literal_type();
}
