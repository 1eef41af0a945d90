//! A `where` clause.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene
where
    i64: Copy,
{
    frames: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
