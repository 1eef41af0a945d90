//! A map whose keys are no text.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(FlyteType, PartialEq, Eq, PartialOrd, Ord)]
struct Frame {}

#[derive(TaskInputs)]
struct Scene {
    seconds: std::collections::BTreeMap<Frame, f64>,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
