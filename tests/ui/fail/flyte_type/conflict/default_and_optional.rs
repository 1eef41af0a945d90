//! `default` and `optional`.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    #[flyte(default, optional)]
    x: Option<f64>,
}

fn main() {
    let _ = Point::literal_type();
}
