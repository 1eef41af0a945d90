//! `rename` above an enum of types.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(rename = "Length")]
enum Size {
    Number(i64),
}

fn main() {
    let _ = Size::literal_type();
}
