//! A lifetime.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene<'a> {
    file: &'a str,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
