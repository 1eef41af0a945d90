//! Two variants of one type.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size {
    Width(i64),
    Height(i64),
}

fn main() {
    let _ = Size::literal_type();
}
