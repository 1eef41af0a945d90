//! A struct whose fields have no names.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskOutputs)]
struct Video(File);

fn send(outputs: Video) -> Result<NamedLiterals> {
    outputs.into_literals()
}

fn main() {}
