//! A struct whose fields have no names.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene(i64, String);

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
