//! A field that borrows.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    file: &'static str,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
