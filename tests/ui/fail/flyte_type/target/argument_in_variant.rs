//! A known word on what a variant holds.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size {
    Number(#[flyte(default = 24)] i64),
}

fn main() {
    let _ = Size::literal_type();
}
