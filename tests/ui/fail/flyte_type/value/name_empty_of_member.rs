//! An empty name of a member.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(name = "")]
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
