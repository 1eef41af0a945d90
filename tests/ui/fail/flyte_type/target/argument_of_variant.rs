//! A known word on a variant that holds a value.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size {
    #[flyte(name = "int")]
    Number(i64),
}

fn main() {
    let _ = Size::literal_type();
}
