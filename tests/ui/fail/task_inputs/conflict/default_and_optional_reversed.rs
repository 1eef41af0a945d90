//! `optional` and `default`, in two attributes.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(optional)]
    #[input(default = Some(24))]
    frames: Option<i64>,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
