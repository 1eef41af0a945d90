//! Two outputs of one name.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskOutputs)]
struct Video {
    seconds: f64,
    #[output(rename = "seconds")]
    length: f64,
}

fn send(outputs: Video) -> Result<NamedLiterals> {
    outputs.into_literals()
}

fn main() {}
