//! The operator's environment variables: how those of one connector begin, and one that does not fit.
//! `settings`, `policy` and `secret` read what they are given by it.
//! The environment itself is read by the server only.

use std::fmt;

/// A name as a variable has it: capitals and digits, and `_` for whatever else.
#[must_use]
pub fn spelled(name: &str) -> String {
    let letters = name.chars();
    letters.map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// What the variables of the connector with that main task type begin with.
#[must_use]
pub fn prefix(task_type: &str) -> String {
    format!("CONNECTOR__{}__", spelled(task_type))
}

/// A variable that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VariableError {
    /// The variable, or how it ends.
    pub variable: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {}: {}", self.variable, self.reason)
    }
}

impl std::error::Error for VariableError {}
