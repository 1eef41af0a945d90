//! An enum as inputs.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
enum Scene {
    Small,
    Large,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
