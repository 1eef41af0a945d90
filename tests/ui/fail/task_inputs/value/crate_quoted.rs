//! The path in quotes.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
#[input(crate = "connector_core")]
struct Scene {
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
