//! A crate that does not exist.

use connector_core::TaskInputs;

#[derive(TaskInputs)]
#[input(crate = ::conector_core)]
struct Scene {
    frames: i64,
}

fn main() {}
