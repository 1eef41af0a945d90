//! A fraction for a whole number.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(default = 24.0)]
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
