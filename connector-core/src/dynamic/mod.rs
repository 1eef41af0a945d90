//! The untyped forms of settings, inputs, outputs and connection: the defaults of `#[connector]`.
//! They hand over everything that came, with checked look-ups.
//! Typed forms implement the same traits (`task`) and need nothing from here.

mod config;
mod connection;
mod inputs;
mod outputs;

use std::fmt;

pub use config::DynamicConfig;
pub use connection::DynamicConnection;
pub use inputs::DynamicInputs;
pub use outputs::DynamicOutputs;

use crate::error::ConnectorError;
use crate::typed::{FlyteType, Mismatches};

fn must_be(part: &str, name: &str, expected: &str, found: impl fmt::Display) -> ConnectorError {
    ConnectorError::invalid_task(format!("`{part}.{name}` must be {expected}, not {found}"))
}

fn unfit<T: FlyteType>(part: &str, name: &str, found: &Mismatches) -> ConnectorError {
    let expected = T::describe().article();
    ConnectorError::invalid_task(format!("`{part}.{name}` must be {expected}: {found}"))
}
