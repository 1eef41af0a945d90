//! A default of another type, deep inside.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    #[flyte(default = vec![1, 2])]
    x: Vec<f64>,
}

fn main() {
    let _ = Point::literal_type();
}
