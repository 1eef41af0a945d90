//! A lifetime.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point<'a> {
    label: &'a str,
}

fn main() {
    let _ = Point::literal_type();
}
