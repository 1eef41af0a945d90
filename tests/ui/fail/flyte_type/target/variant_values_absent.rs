//! A variant with parentheses and no value.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Shape {
    Side(f64),
    None(),
}

fn main() {
    let _ = Shape::literal_type();
}
