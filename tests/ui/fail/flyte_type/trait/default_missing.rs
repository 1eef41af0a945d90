//! `default` on a type without a default.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    Fast,
}

#[derive(FlyteType)]
struct Point {
    #[flyte(default)]
    mode: Mode,
}

fn main() {
    let _ = Point::literal_type();
}
