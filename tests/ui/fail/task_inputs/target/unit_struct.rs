//! A struct without fields.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene;

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
