//! `pydantic` on a field.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    #[flyte(pydantic)]
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
