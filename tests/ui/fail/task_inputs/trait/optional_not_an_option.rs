//! `optional` on a field that must be there.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(optional)]
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
