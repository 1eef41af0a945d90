//! Outputs built by hand.
//! Connectors that name no type of their own answer with them.
//! How values become literals is told in `literal` and `typed`.

use crate::error::Result;
use crate::pb;
use crate::task::{NamedLiterals, TaskOutputs};

/// Task outputs built by hand, see [`crate::literal`] for the values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DynamicOutputs {
    literals: NamedLiterals,
}

impl DynamicOutputs {
    /// Adds an output.
    pub fn insert(&mut self, name: impl Into<String>, value: pb::Literal) {
        self.literals.push(name, value);
    }
}

impl From<NamedLiterals> for DynamicOutputs {
    fn from(literals: NamedLiterals) -> Self {
        Self { literals }
    }
}

impl<N: Into<String>> FromIterator<(N, pb::Literal)> for DynamicOutputs {
    fn from_iter<I: IntoIterator<Item = (N, pb::Literal)>>(pairs: I) -> Self {
        Self { literals: pairs.into_iter().collect() }
    }
}

impl TaskOutputs for DynamicOutputs {
    fn into_literals(self) -> Result<NamedLiterals> {
        Ok(self.literals)
    }
}
