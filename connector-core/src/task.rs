//! The traits that turn what a task carries into an author's types, and back.
//! `erased` calls them around every connector method; derives and `dynamic` implement them.
//! No transport and no vendor here.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use prost_types::Struct;

use crate::error::Result;
use crate::pb;
use crate::secret::OperatorSecrets;
use crate::typed::FieldDescription;

/// Names and literals of a task's inputs or outputs, in the order they came.
///
/// The executor fills inputs in random order, so look values up by name. Each name is there once: where
/// it came twice, the last value stands in the first one's place, as in Python.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamedLiterals {
    entries: Vec<pb::task::NamedLiteral>,
}

impl NamedLiterals {
    /// The literal of that name, if it is there and has a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&pb::Literal> {
        self.entries.iter().find(|entry| entry.name == name)?.value.as_ref()
    }

    /// Adds a literal, or puts it in the place of an earlier one of the same name.
    pub fn push(&mut self, name: impl Into<String>, value: pb::Literal) {
        let entry = pb::task::NamedLiteral { name: name.into(), value: Some(value) };
        match self.entries.iter_mut().find(|earlier| earlier.name == entry.name) {
            Some(earlier) => *earlier = entry,
            None => self.entries.push(entry),
        }
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &pb::Literal)> {
        self.entries.iter().filter_map(|entry| Some((entry.name.as_str(), entry.value.as_ref()?)))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The wire form.
    #[must_use]
    pub fn into_entries(self) -> Vec<pb::task::NamedLiteral> {
        self.entries
    }
}

impl From<Vec<pb::task::NamedLiteral>> for NamedLiterals {
    fn from(entries: Vec<pb::task::NamedLiteral>) -> Self {
        // Hardly ever is a name there twice, so nothing is copied before that is known.
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
        let mut last: Vec<(usize, usize)> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match places.entry(&entry.name) {
                Entry::Occupied(first) => last.push((*first.get(), index)),
                Entry::Vacant(first) => {
                    first.insert(index);
                }
            }
        }
        if last.is_empty() {
            return Self { entries };
        }
        let mut entries: Vec<Option<pb::task::NamedLiteral>> =
            entries.into_iter().map(Some).collect();
        for (first, later) in last {
            let later = entries.get_mut(later).and_then(Option::take);
            if let Some(first) = entries.get_mut(first) {
                *first = later;
            }
        }
        Self { entries: entries.into_iter().flatten().collect() }
    }
}

impl<N: Into<String>> FromIterator<(N, pb::Literal)> for NamedLiterals {
    fn from_iter<I: IntoIterator<Item = (N, pb::Literal)>>(pairs: I) -> Self {
        let named = |(name, value): (N, pb::Literal)| pb::task::NamedLiteral {
            name: name.into(),
            value: Some(value),
        };
        pairs.into_iter().map(named).collect::<Vec<_>>().into()
    }
}

/// Task settings, read from `TaskTemplate.custom`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a connector's task settings",
    label = "not a `TaskConfig`",
    note = "add `#[derive(TaskConfig)]` to `{Self}`, or use `DynamicConfig`"
)]
pub trait TaskConfig: Sized + Send + Sync + 'static {
    /// Reads the settings. A task without `custom` gives an empty struct.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`], naming the key.
    fn from_custom(custom: Struct) -> Result<Self>;

    /// What it holds, field by field; `None` if it takes anything.
    #[must_use]
    fn describe() -> Option<Vec<FieldDescription>> {
        None
    }
}

/// Task inputs, read from `CreateTaskRequest.inputs`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a connector's inputs",
    label = "not a `TaskInputs`",
    note = "add `#[derive(TaskInputs)]` to `{Self}`, or use `DynamicInputs`"
)]
pub trait TaskInputs: Sized + Send + Sync + 'static {
    /// Reads the inputs.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`], naming the input.
    fn from_literals(literals: NamedLiterals) -> Result<Self>;

    /// What it holds, field by field; `None` if it takes anything.
    #[must_use]
    fn describe() -> Option<Vec<FieldDescription>> {
        None
    }
}

/// Task outputs, sent in `Resource.outputs`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a connector's outputs",
    label = "not a `TaskOutputs`",
    note = "add `#[derive(TaskOutputs)]` to `{Self}`, or use `DynamicOutputs`"
)]
pub trait TaskOutputs: Sized + Send + Sync + 'static {
    /// Turns the outputs into literals.
    ///
    /// # Errors
    /// A value that Flyte cannot carry, naming the output.
    fn into_literals(self) -> Result<NamedLiterals>;

    /// What it holds, field by field; `None` if it takes anything.
    #[must_use]
    fn describe() -> Option<Vec<FieldDescription>> {
        None
    }
}

/// Secrets and settings that Flyte resolved for the task (`Connection`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a connector's connection",
    label = "not a `TaskConnection`",
    note = "add `#[derive(TaskConnection)]` to `{Self}`, or use `DynamicConnection`"
)]
pub trait TaskConnection: Sized + Send + Sync + 'static {
    /// Reads the connection. A call without one gives an empty connection.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`], naming the secret or setting, never its value.
    fn from_connection(connection: pb::Connection) -> Result<Self>;

    /// Reads the connection, with the operator's secrets for what the task did not bring. The
    /// derive and `DynamicConnection` do that; what is written by hand gets none of them, unless it
    /// has a version of its own.
    ///
    /// # Errors
    /// As [`TaskConnection::from_connection`].
    fn with_operator(connection: pb::Connection, operator: &OperatorSecrets) -> Result<Self> {
        let _ = operator;
        Self::from_connection(connection)
    }

    /// What it holds, field by field; `None` if it takes anything.
    #[must_use]
    fn describe() -> Option<Vec<FieldDescription>> {
        None
    }
}

/// No settings: `custom` is ignored.
impl TaskConfig for () {
    fn from_custom(_custom: Struct) -> Result<Self> {
        Ok(())
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Some(Vec::new())
    }
}

/// No inputs: whatever came is ignored.
impl TaskInputs for () {
    fn from_literals(_literals: NamedLiterals) -> Result<Self> {
        Ok(())
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Some(Vec::new())
    }
}

/// No outputs.
impl TaskOutputs for () {
    fn into_literals(self) -> Result<NamedLiterals> {
        Ok(NamedLiterals::default())
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Some(Vec::new())
    }
}

/// No connection: whatever came is ignored.
impl TaskConnection for () {
    fn from_connection(_connection: pb::Connection) -> Result<Self> {
        Ok(())
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Some(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::NamedLiterals;
    use crate::literal::integer;
    use crate::pb::task::NamedLiteral;

    #[test]
    fn of_a_name_that_comes_twice_the_last_value_stands_in_the_first_place() {
        let named = |name: &str, value: Option<i64>| NamedLiteral {
            name: name.to_owned(),
            value: value.map(integer),
        };
        let came = [("a", Some(1)), ("b", Some(2)), ("a", Some(3)), ("c", None), ("a", Some(4))];
        let came: Vec<NamedLiteral> = came.map(|(name, value)| named(name, value)).into();
        let literals = NamedLiterals::from(came);
        assert_eq!(literals.get("a"), Some(&integer(4)));
        assert_eq!(
            literals.into_entries(),
            [named("a", Some(4)), named("b", Some(2)), named("c", None)]
        );
        // A last one without a value is no value.
        let unset = NamedLiterals::from(vec![named("a", Some(1)), named("a", None)]);
        assert_eq!((unset.get("a"), unset.len()), (None, 1));
        let mut pushed: NamedLiterals =
            [("a", integer(1)), ("b", integer(2))].into_iter().collect();
        pushed.push("a", integer(3));
        assert_eq!(pushed.into_entries(), [named("a", Some(3)), named("b", Some(2))]);
    }
}
