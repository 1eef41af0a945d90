//! `rename` above the struct.

use connector_core::prelude::*;

#[derive(TaskConfig)]
#[config(rename = "Render")]
struct RenderConfig {
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
