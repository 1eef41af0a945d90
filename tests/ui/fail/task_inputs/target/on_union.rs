//! A union as inputs.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
union Scene {
    frames: u32,
    seconds: f32,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
