//! A variant with named fields.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Shape {
    Side(f64),
    Circle { radius: f64 },
}

fn main() {
    let _ = Shape::literal_type();
}
