//! A variant with a list of something that is no Flyte type.

use connector_core::prelude::*;

struct Plain;

#[derive(FlyteType)]
enum Size {
    Number(i64),
    Others(Vec<Plain>),
}

fn main() {
    let _ = Size::literal_type();
}
