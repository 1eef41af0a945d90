//! A word that resembles none, on a variant.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(alias = "quick")]
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
