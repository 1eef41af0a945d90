//! Mistakes in several variants, all at once.
//! errors: 4

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte(name = "")]
    Fast,
    #[flyte(vlaue = "slow")]
    Slow,
    Other(String),
    #[flyte(pydantic)]
    Quick,
}

fn main() {
    let _ = Mode::literal_type();
}
