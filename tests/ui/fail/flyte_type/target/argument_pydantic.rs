//! `pydantic` above an enum.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(pydantic)]
enum Mode {
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
