//! A lifetime.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig<'a> {
    preset: std::borrow::Cow<'a, str>,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
