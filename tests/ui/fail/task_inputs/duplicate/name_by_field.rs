//! Two inputs of one name, where the first is the renamed one.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(rename = "count")]
    frames: i64,
    count: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
