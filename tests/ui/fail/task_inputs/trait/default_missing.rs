//! `default` on a type without a default.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode {
    Fast,
    Slow,
}

#[derive(TaskInputs)]
struct Scene {
    #[input(default)]
    mode: Mode,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
