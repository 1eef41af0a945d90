//! `crate` on a variant.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(crate = ::connector_core)]
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
