//! The attribute of another derive.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[config(default = 24)]
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
