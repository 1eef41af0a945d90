//! A type that does not exist.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    point: Point,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
