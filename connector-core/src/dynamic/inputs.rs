//! Inputs as they came: look-ups by name, checked.
//! `erased` makes them for connectors that name no type of their own.
//! Errors name the input as users write it; their wording is shared with the settings.

use std::borrow::Cow;

use super::{must_be, unfit};
use crate::error::{ConnectorError, Result};
use crate::pb;
use crate::task::{NamedLiterals, TaskInputs};
use crate::typed::{FlyteType, Form};

/// Task inputs as they came: names and literals.
///
/// ```
/// use connector_core::prelude::*;
///
/// let inputs = DynamicInputs::from_iter([
///     ("scene", literal::string("a.blend")),
///     ("frames", literal::list([literal::integer(1), literal::integer(2)])),
/// ]);
/// assert_eq!(inputs.string("scene")?, Some("a.blend"));
/// assert_eq!(inputs.integer("quality")?, None);
/// assert_eq!(inputs.read::<Vec<i64>>("frames")?, Some(vec![1, 2]));
/// let error = inputs.integer("scene").unwrap_err();
/// assert_eq!(error.message(), "`inputs.scene` must be an integer, not a string");
/// # Ok::<(), ConnectorError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DynamicInputs {
    literals: NamedLiterals,
}

impl DynamicInputs {
    /// The literal of that name, if it is there and has a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&pb::Literal> {
        self.literals.get(name)
    }

    /// The number of that name, whole or not; absent and `None` are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if it is something else.
    pub fn number(&self, name: &str) -> Result<Option<f64>> {
        self.read_as(name, "a number")
    }

    /// The whole number of that name; absent and `None` are `None`. Whatever is not exactly one is
    /// refused.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if it is something else.
    pub fn integer(&self, name: &str) -> Result<Option<i64>> {
        self.read_as(name, "an integer")
    }

    /// The text of that name; absent and `None` are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if it is something else.
    pub fn string(&self, name: &str) -> Result<Option<&str>> {
        match self.form(name)? {
            None => Ok(None),
            Some(Form::Text(Cow::Borrowed(text))) => Ok(Some(text)),
            Some(other) => Err(must_be("inputs", name, "a string", other)),
        }
    }

    /// The boolean of that name; absent and `None` are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if it is something else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>> {
        self.read_as(name, "a boolean")
    }

    /// What came under that name as any type that a task can carry, such as `Vec<i64>` or `File`;
    /// absent and `None` are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] with all that does not fit.
    pub fn read<T: FlyteType>(&self, name: &str) -> Result<Option<T>> {
        if self.form(name)?.is_none() {
            return Ok(None);
        }
        let read = self.get(name).map(T::from_literal).transpose();
        read.map_err(|found| unfit::<T>("inputs", name, &found))
    }

    /// All inputs as a type of yours, which need not be the one that the connector declares.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] with all that does not fit.
    pub fn parse<T: TaskInputs>(&self) -> Result<T> {
        T::from_literals(self.literals.clone())
    }

    fn read_as<T: FlyteType>(&self, name: &str, expected: &str) -> Result<Option<T>> {
        let Some(form) = self.form(name)? else { return Ok(None) };
        let read = T::from_form(form.clone()).map(Some);
        read.map_err(|_| must_be("inputs", name, expected, form))
    }

    /// What came under that name, unless it is nothing.
    fn form(&self, name: &str) -> Result<Option<Form<'_>>> {
        let Some(literal) = self.get(name) else { return Ok(None) };
        match Form::of(literal) {
            Ok(Form::None) => Ok(None),
            Ok(form) => Ok(Some(form)),
            Err(found) => Err(ConnectorError::invalid_task(format!(
                "`inputs.{name}` cannot be read: {found}"
            ))),
        }
    }

    /// Names and literals, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &pb::Literal)> {
        self.literals.iter()
    }

    /// How many inputs came.
    #[must_use]
    pub fn len(&self) -> usize {
        self.literals.len()
    }

    /// Whether none came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.literals.is_empty()
    }

    /// Everything that came.
    #[must_use]
    pub fn into_literals(self) -> NamedLiterals {
        self.literals
    }
}

impl<N: Into<String>> FromIterator<(N, pb::Literal)> for DynamicInputs {
    fn from_iter<I: IntoIterator<Item = (N, pb::Literal)>>(pairs: I) -> Self {
        Self { literals: pairs.into_iter().collect() }
    }
}

impl TaskInputs for DynamicInputs {
    fn from_literals(literals: NamedLiterals) -> Result<Self> {
        Ok(Self { literals })
    }
}

#[cfg(test)]
mod tests {
    use super::{DynamicInputs, FlyteType};
    use crate::error::ErrorKind;
    use crate::{literal, pb};

    #[test]
    fn inputs_are_read_as_settings_are() {
        let inputs = DynamicInputs::from_iter([
            ("n", literal::integer(2)),
            ("half", literal::float(2.5)),
            ("s", literal::string("x")),
            ("b", literal::boolean(true)),
            ("xs", literal::list([literal::integer(1), literal::string("y")])),
            ("maybe", Some(7_i64).into_literal().unwrap()),
            ("never", None::<i64>.into_literal().unwrap()),
            ("none", literal::none()),
            ("empty", pb::Literal::default()),
        ]);
        assert_eq!(inputs.integer("n").unwrap(), Some(2));
        assert_eq!(inputs.number("n").unwrap(), Some(2.0));
        assert_eq!(inputs.number("half").unwrap(), Some(2.5));
        assert_eq!(inputs.string("s").unwrap(), Some("x"));
        assert_eq!(inputs.boolean("b").unwrap(), Some(true));
        assert_eq!(inputs.integer("maybe").unwrap(), Some(7), "wrapped for a union");
        assert_eq!(inputs.read::<i64>("maybe").unwrap(), Some(7));
        for nothing in ["never", "none", "missing"] {
            assert_eq!(inputs.integer(nothing).unwrap(), None, "{nothing}");
            assert_eq!(inputs.string(nothing).unwrap(), None, "{nothing}");
            assert_eq!(inputs.read::<Vec<i64>>(nothing).unwrap(), None, "{nothing}");
        }
        for (told, text) in [
            (
                inputs.integer("half").unwrap_err(),
                "`inputs.half` must be an integer, not a float (2.5)",
            ),
            (inputs.boolean("s").unwrap_err(), "`inputs.s` must be a boolean, not a string"),
            (inputs.string("xs").unwrap_err(), "`inputs.xs` must be a string, not a list"),
            (
                inputs.number("empty").unwrap_err(),
                "`inputs.empty` cannot be read: it came without a value",
            ),
            (
                inputs.read::<Vec<i64>>("xs").unwrap_err(),
                "`inputs.xs` must be a list[int]: `[1]`: expected an integer, found a string",
            ),
        ] {
            assert_eq!((told.kind(), told.message()), (ErrorKind::InvalidTask, text));
        }
    }
}
