//! `crate` on a field.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(crate = ::connector_core)]
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
