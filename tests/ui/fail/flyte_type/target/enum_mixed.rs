//! A variant without a value among those that hold one.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size {
    Number(i64),
    Text(String),
    Unknown,
}

fn main() {
    let _ = Size::literal_type();
}
