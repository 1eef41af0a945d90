//! A type parameter.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point<T> {
    x: T,
}

fn main() {
    let _ = Point::<f64>::literal_type();
}
