//! Mistakes in several fields, all at once.
//! errors: 3

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskOutputs)]
struct Video {
    #[output(rename)]
    video: File,
    #[output(rename = "video")]
    seconds: f64,
    #[output("length")]
    length: f64,
}

fn send(outputs: Video) -> Result<NamedLiterals> {
    outputs.into_literals()
}

fn main() {}
