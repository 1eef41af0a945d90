//! A field whose type is no Flyte type.

use connector_core::prelude::*;

struct Plain;

#[derive(TaskConfig)]
struct RenderConfig {
    plain: Plain,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
