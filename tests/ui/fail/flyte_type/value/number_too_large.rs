//! A number that no integer of Flyte holds.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Level {
    #[flyte(value = 9_223_372_036_854_775_808)]
    Low,
}

fn main() {
    let _ = Level::literal_type();
}
