//! An empty name.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(rename = "")]
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
