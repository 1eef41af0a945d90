//! The same word twice.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(default = 24, default = 25)]
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
