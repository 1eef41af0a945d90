//! `name` without a value.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(name)]
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
