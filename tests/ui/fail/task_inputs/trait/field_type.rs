//! A field whose type is no Flyte type.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

struct Plain;

#[derive(TaskInputs)]
struct Scene {
    plain: Plain,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
