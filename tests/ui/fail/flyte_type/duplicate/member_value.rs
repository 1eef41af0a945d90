//! Two members of one value.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    Fast,
    #[flyte(value = "fast")]
    Quick,
}

fn main() {
    let _ = Mode::literal_type();
}
