//! A type parameter with a bound.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(TaskOutputs)]
struct Video<T: Clone> {
    seconds: T,
}

fn send(outputs: Video<f64>) -> Result<NamedLiterals> {
    outputs.into_literals()
}

fn main() {}
