//! A mistake in an attribute hides no mistake elsewhere.
//! errors: 2

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(default = 24, fps)]
    fps: u32,
    #[config(optional, default)]
    preset: Option<String>,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
