//! A default that is no expression.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(default = fn)]
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
