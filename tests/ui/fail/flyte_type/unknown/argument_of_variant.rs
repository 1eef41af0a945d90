//! A word where there are none.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size {
    #[flyte(tag = "int")]
    Number(i64),
}

fn main() {
    let _ = Size::literal_type();
}
