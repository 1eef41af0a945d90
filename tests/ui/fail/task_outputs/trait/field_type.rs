//! A field whose type is no Flyte type: described and written, and one error.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

struct Plain;

#[derive(TaskOutputs)]
struct Video {
    plain: Plain,
}

fn send(outputs: Video) -> Result<NamedLiterals> {
    outputs.into_literals()
}

fn main() {}
