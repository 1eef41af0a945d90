//! A variant whose type is no Flyte type.

use connector_core::prelude::*;

struct Plain;

#[derive(FlyteType)]
enum Size {
    Number(i64),
    Other(Plain),
}

fn main() {
    let _ = Size::literal_type();
}
