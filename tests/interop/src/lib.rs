//! The tools with which the tests in `tests/` hold the binary against the official Python SDK.
//! Each test gets a virtual environment, starts servers, runs a Python script and judges what it printed.
//! What a server ought to answer stands in the tests themselves, never here.

pub mod absent;
pub mod cargo;
pub mod differential;
mod normal;
pub mod parity;
pub mod peer;
pub mod script;
pub mod told;
pub mod typed_vectors;
pub mod venv;

/// Why a test could not be carried out, in words for the person who runs it.
#[derive(Debug)]
pub struct HarnessError(String);

impl HarnessError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Puts what was being done in front of the cause.
    pub(crate) fn from_cause(doing: &str, cause: impl std::fmt::Display) -> Self {
        Self(format!("{doing}: {cause}"))
    }
}

impl std::fmt::Display for HarnessError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HarnessError {}

/// What the functions of this package return.
pub type Result<T> = std::result::Result<T, HarnessError>;
