//! A type parameter.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene<T> {
    frames: T,
}

fn main() {
    let _ = Scene::<i64>::from_literals(NamedLiterals::default());
}
