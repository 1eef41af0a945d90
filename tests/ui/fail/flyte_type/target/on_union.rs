//! A union as a Flyte type.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[allow(dead_code)]
union Size {
    number: i64,
    fraction: f64,
}

fn main() {
    let _ = Size::literal_type();
}
