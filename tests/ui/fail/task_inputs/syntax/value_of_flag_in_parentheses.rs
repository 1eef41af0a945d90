//! A value in parentheses for a word that takes none.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(optional(false))]
    frames: Option<i64>,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
