//! The same word twice.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(pydantic, pydantic)]
struct Point {
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
