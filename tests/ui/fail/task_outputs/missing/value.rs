//! `rename` without a value.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskOutputs)]
struct Video {
    #[output(rename)]
    seconds: f64,
}

fn send(outputs: Video) -> Result<NamedLiterals> {
    outputs.into_literals()
}

fn main() {}
