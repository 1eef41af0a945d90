//! A task's inputs while they are read, its outputs while they are written.
//! Derived `TaskInputs` and `TaskOutputs` use these; every problem is kept until the end.

use super::FlyteType;
use super::mismatch::Mismatches;
use crate::error::Result;
use crate::task::NamedLiterals;

/// Inputs being read, by name: the executor sends them in random order.
#[derive(Debug)]
pub struct LiteralFields {
    literals: NamedLiterals,
    problems: Mismatches,
}

impl LiteralFields {
    /// Reads from these inputs.
    #[must_use]
    pub fn new(literals: NamedLiterals) -> Self {
        Self { literals, problems: Mismatches::default() }
    }

    /// Takes an input; it must be there, unless its type can be absent.
    pub fn take<T: FlyteType>(&mut self, name: &str) -> Option<T> {
        match self.literals.get(name) {
            Some(_) => self.read(name),
            None => {
                let absent = T::absent();
                if absent.is_none() {
                    let missing = format!("is missing; it must be {}", T::describe().article());
                    self.problems.extend(Mismatches::new(missing).in_field(name));
                }
                absent
            }
        }
    }

    /// Takes an input that has a default.
    pub fn take_or<T: FlyteType>(&mut self, name: &str, default: impl FnOnce() -> T) -> Option<T> {
        if self.literals.get(name).is_some() { self.read(name) } else { Some(default()) }
    }

    fn read<T: FlyteType>(&mut self, name: &str) -> Option<T> {
        let literal = self.literals.get(name)?;
        T::from_literal(literal).map_err(|found| self.problems.extend(found.in_field(name))).ok()
    }

    /// The inputs, if every one was fine.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`], listing every problem.
    pub fn finish<T>(self, inputs: Option<T>) -> Result<T> {
        match inputs {
            Some(inputs) if self.problems.is_empty() => Ok(inputs),
            _ => Err(self.problems.into_error("the task's inputs")),
        }
    }
}

/// Outputs being written.
#[derive(Debug, Default)]
pub struct LiteralFieldsOut {
    literals: NamedLiterals,
    problems: Mismatches,
}

impl LiteralFieldsOut {
    /// No outputs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an output.
    pub fn put<T: FlyteType>(&mut self, name: &str, value: T) {
        match value.into_literal() {
            Ok(literal) => self.literals.push(name, literal),
            Err(found) => self.problems.extend(found.in_field(name)),
        }
    }

    /// The outputs.
    ///
    /// # Errors
    /// Every value that Flyte cannot carry.
    pub fn finish(self) -> Result<NamedLiterals> {
        if self.problems.is_empty() {
            Ok(self.literals)
        } else {
            Err(self.problems.into_error("the connector's outputs"))
        }
    }
}
