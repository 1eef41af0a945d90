//! `default` and `optional`.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(optional, default = Some(24))]
    fps: Option<u32>,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
