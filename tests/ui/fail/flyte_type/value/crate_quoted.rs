//! The path in quotes.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(crate = "connector_core")]
enum Mode {
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
