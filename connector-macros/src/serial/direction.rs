//! Which of serde's two derives is meant.
//! Everything in this folder asks it, and so do the messages about it (`diag/serial.rs`).

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Serialize,
    Deserialize,
}

impl Direction {
    /// What the derive and the trait are called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Serialize => "Serialize",
            Self::Deserialize => "Deserialize",
        }
    }
}
