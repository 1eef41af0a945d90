//! A const parameter.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point<const N: usize> {
    x: [f64; N],
}

fn main() {
    let _ = Point::<3>::literal_type();
}
