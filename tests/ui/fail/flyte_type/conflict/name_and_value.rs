//! The value of one member is the name of another.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(value = "SLOW")]
    Fast,
    Slow,
}

fn main() {
    let _ = Mode::literal_type();
}
