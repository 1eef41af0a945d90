//! A number for a member's value.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(value = true)]
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
