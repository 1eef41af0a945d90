//! A struct without fields.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig;

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
