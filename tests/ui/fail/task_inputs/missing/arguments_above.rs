//! The attribute without arguments, above the struct.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
#[input]
struct Scene {
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
