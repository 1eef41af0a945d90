//! A member with a number for its value, another with text.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Level {
    #[flyte(value = 1)]
    Low,
    High,
}

fn main() {
    let _ = Level::literal_type();
}
