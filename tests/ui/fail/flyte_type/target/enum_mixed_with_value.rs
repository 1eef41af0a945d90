//! A variant that holds a value among those that do not.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    Fast,
    Slow,
    Other(String),
}

fn main() {
    let _ = Mode::literal_type();
}
