//! An empty name.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(rename = "")]
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
