//! A word that stands alone, without a comma before it.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(rename = "Frames" optional)]
    frames: Option<i64>,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
