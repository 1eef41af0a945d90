//! A variant with several values.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Shape {
    Side(f64),
    Sides(f64, Vec<f64>),
}

fn main() {
    let _ = Shape::literal_type();
}
