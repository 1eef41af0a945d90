//! Two members of one name.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    Fast,
    #[flyte(name = "FAST", value = "quick")]
    Quick,
}

fn main() {
    let _ = Mode::literal_type();
}
