//! A secret among the settings.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    key: Secret,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
