//! A word for another word.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(option)]
    preset: Option<String>,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
