//! Hostile bytes for everything that reads bytes: what the tests in `tests/` share.
//! `corpus` holds examples, `mutation` breaks them, `campaign` runs a check over them for a time.
//! What must hold of each target stands with its test; nothing here is shipped.

pub mod campaign;
pub mod corpus;
pub mod derived;
pub mod entries;
pub mod json;
pub mod messages;
pub mod metadata;
pub mod mutation;
pub mod spread;
pub mod vectors;

/// Bytes to read: shown in full, as they can be pasted into a test.
#[derive(Clone, PartialEq, Eq)]
pub struct Input(pub Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}
