//! A whole number that Flyte cannot carry.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(default = 24)]
    frames: u128,
}

fn main() {
    let _ = RenderConfig::from_custom(prost_types::Struct::default());
}
