//! A field of a pydantic model whose type is no Flyte type.

use connector_core::prelude::*;

struct Plain;

#[derive(FlyteType)]
#[flyte(pydantic)]
struct Point {
    plain: Option<Plain>,
}

fn main() {
    let _ = Point::literal_type();
}
