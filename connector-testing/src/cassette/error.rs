//! What goes wrong with a cassette, in words: the text is all there is.
//! Every other file here makes these; tests read them when they fail.

use std::fmt;
use std::path::Path;

/// What went wrong with a [`Cassette`](crate::Cassette), and what to do.
#[derive(Clone, PartialEq, Eq)]
pub struct CassetteError(String);

impl CassetteError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn of_file(path: &Path, what: impl fmt::Display, help: &str) -> Self {
        Self(format!("the cassette {} {what}\n  help: {help}", path.display()))
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text as it is: tests that end with an error or an `unwrap` print this form.
impl fmt::Debug for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CassetteError {}
