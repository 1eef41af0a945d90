//! A value for a word that takes none.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(pydantic = true)]
struct Point {
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
