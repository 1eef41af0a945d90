//! `default` and `optional`.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(default, optional)]
    frames: Option<i64>,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
