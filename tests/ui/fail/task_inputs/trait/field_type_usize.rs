//! A whole number whose size depends on the machine.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    frames: usize,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
