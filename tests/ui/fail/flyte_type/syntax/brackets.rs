//! Braces around the arguments.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    #[flyte{name = "FAST"}]
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
