//! Mistakes in the variants of a union, all at once.
//! errors: 5

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(rename = "Length", pydantic)]
enum Size {
    #[flyte(value = "number")]
    Number(i64),
    Pair(i64, i64),
    Named { name: String },
}

fn main() {
    let _ = Size::literal_type();
}
