//! A number for the path.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
#[input(crate = 7)]
struct Scene {
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
