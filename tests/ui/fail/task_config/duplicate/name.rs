//! Two settings of one name.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    fps: u32,
    #[config(rename = "fps")]
    frames: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
