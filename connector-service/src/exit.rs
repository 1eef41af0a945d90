//! How a command ends that does not end well: the line and the exit code.
//! `app` turns it into both; the help of the commands says what the codes mean.

/// The command line is wrong, or `run` cannot start.
pub(crate) const USAGE: u8 = 2;
/// Calls or creates were cut off by the end.
pub(crate) const CUT: u8 = 3;
/// The database of the state cannot be reached.
pub(crate) const NO_STATE: u8 = 4;
/// The state knows no such key.
pub(crate) const UNKNOWN_KEY: u8 = 5;

/// Why a command ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// One line: what is wrong, and what to do.
    pub(crate) text: String,
    /// The exit code.
    pub(crate) code: u8,
}

impl Failure {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self { text: text.into(), code }
    }
}

impl From<String> for Failure {
    /// What has no code of its own has 1.
    fn from(text: String) -> Self {
        Self { text, code: 1 }
    }
}
