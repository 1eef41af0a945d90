//! `rename` on a variant.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(rename = "QUICK")]
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
