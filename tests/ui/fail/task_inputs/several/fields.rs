//! Mistakes in several fields, all at once.
//! errors: 5

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskInputs)]
struct Scene {
    #[input(rename = "")]
    file: File,
    #[input(defualt = 24)]
    frames: i64,
    #[input(optional, default, rename)]
    quality: Option<f64>,
    #[input(rename = "frames")]
    count: i64,
}

fn main() {
    let _ = Scene::from_literals(NamedLiterals::default());
}
