//! A field whose type is no Flyte type: read, described and written, and one error.

use connector_core::prelude::*;

struct Plain;

#[derive(FlyteType)]
struct Point {
    plain: Plain,
}

fn main() {
    let _ = Point::literal_type();
}
