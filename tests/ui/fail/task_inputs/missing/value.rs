//! `rename` without a value.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(rename)]
    frames: Vec<i64>,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
