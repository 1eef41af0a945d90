//! Two fields of one name.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    x: f64,
    #[flyte(rename = "x")]
    y: f64,
}

fn main() {
    let _ = Point::literal_type();
}
