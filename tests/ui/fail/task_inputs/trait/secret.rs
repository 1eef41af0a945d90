//! A secret among the inputs.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    key: Secret,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
