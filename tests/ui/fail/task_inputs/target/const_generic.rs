//! A const parameter.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene<const N: usize> {
    frames: [i64; N],
}

fn main() {
    let _ = Scene::<4>::from_literals(NamedLiterals::default());
}
