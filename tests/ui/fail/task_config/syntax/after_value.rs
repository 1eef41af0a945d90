//! Something behind a complete default.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(default = 24, rename = "FPS" frames)]
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
