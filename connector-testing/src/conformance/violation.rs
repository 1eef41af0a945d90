//! What a check finds: a rule is broken, or cannot be judged here.
//! The text says which rule, what was seen and what to do.

use std::fmt;

/// What a rule's check says when it does not say yes.
#[derive(Debug)]
pub(crate) enum Judged {
    /// The rule is broken.
    Broken { seen: String, advice: String },
    /// It takes something that the subject does not have.
    NotJudged { lacking: &'static str },
}

impl Judged {
    pub(crate) fn broken(seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Broken { seen: seen.into(), advice: advice.into() }
    }

    pub(crate) const fn lacking(lacking: &'static str) -> Self {
        Self::NotJudged { lacking }
    }
}

/// A rule of the executor that a connector breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the rule, which is the name of its test.
    pub rule: &'static str,
    /// What the executor does, in one sentence.
    pub because: &'static str,
    /// What was seen.
    pub seen: String,
    /// What to do.
    pub advice: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, because, seen, advice } = self;
        write!(f, "rule `{rule}` is broken: {because}\n  seen: {seen}\n  help: {advice}")
    }
}

impl std::error::Error for Violation {}
