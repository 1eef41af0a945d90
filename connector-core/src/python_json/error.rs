//! Why a value cannot be written as JSON, or bytes cannot be read as it.
//! Every file beside this one makes these; `meta` tells them.

use std::fmt;

/// A value that JSON cannot carry, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodeError(pub(super) String);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncodeError {}

impl serde::ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Bytes that are not the JSON expected, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecodeError(pub(super) String);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}
