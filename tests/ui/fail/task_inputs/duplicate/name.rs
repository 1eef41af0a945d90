//! Two inputs of one name.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    frames: i64,
    #[input(rename = "frames")]
    count: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
