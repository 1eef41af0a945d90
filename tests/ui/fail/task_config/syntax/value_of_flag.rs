//! A value for a word that takes none.

use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    #[config(optional = "yes")]
    preset: Option<String>,
}

fn main() {
    let _ = RenderConfig::from_custom(Default::default());
}
