//! An enum as outputs.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskOutputs)]
enum Video {
    Short(f64),
    Long(f64),
}

fn send(outputs: Video) -> Result<NamedLiterals> {
    outputs.into_literals()
}

fn main() {}
