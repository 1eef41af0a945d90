//! An enum as settings.

use connector_core::prelude::*;

#[derive(TaskConfig)]
enum RenderConfig {
    Fast,
    Slow,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
