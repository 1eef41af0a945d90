//! A word of another library.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(name = "Frames")]
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
