//! Two words without a comma between them.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(default rename = "FPS")]
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
