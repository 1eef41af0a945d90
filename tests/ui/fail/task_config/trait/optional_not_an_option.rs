//! `optional` on a field that must be there.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(optional)]
    fps: u32,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
