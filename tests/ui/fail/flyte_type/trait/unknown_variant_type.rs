//! A variant of a type that does not exist.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size {
    Number(i64),
    Other(Coordinate),
}

fn main() {
    let _ = Size::literal_type();
}
