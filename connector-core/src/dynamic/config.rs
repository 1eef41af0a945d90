//! Settings as they came: look-ups by key, checked.
//! `erased` makes them for connectors that name no type of their own.
//! Errors name the key as users write it; their wording is shared with the inputs.

use prost_types::{Struct, Value, value::Kind};
use serde::de::DeserializeOwned;

use super::{must_be, unfit};
use crate::error::{ConnectorError, OrKind, Result};
use crate::struct_serde;
use crate::task::TaskConfig;
use crate::typed::msgpack::of_struct_value;
use crate::typed::{FlyteType, Form};

/// Task settings as they came in `TaskTemplate.custom`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DynamicConfig {
    custom: Struct,
}

impl DynamicConfig {
    /// The number under `key`, whole or not; absent and null are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if something else stands there.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        match self.kind(key) {
            None => Ok(None),
            Some(Kind::NumberValue(number)) => Ok(Some(*number)),
            Some(other) => Err(wrong_kind(key, "a number", other)),
        }
    }

    /// The text under `key`; absent and null are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if something else stands there.
    pub fn string(&self, key: &str) -> Result<Option<&str>> {
        match self.kind(key) {
            None => Ok(None),
            Some(Kind::StringValue(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_kind(key, "a string", other)),
        }
    }

    /// The boolean under `key`; absent and null are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if something else stands there.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>> {
        match self.kind(key) {
            None => Ok(None),
            Some(Kind::BoolValue(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong_kind(key, "a boolean", other)),
        }
    }

    /// The whole number under `key`, or its digits as text; absent and null are `None`. Whatever is
    /// not exactly one is refused.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] if something else stands there.
    pub fn integer(&self, key: &str) -> Result<Option<i64>> {
        let Some(kind) = self.kind(key) else { return Ok(None) };
        let whole = i64::from_form(form(kind)).map(Some);
        whole.map_err(|found| match kind {
            Kind::NumberValue(number) if number.fract() == 0.0 => {
                unfit::<i64>("custom", key, &found)
            }
            Kind::NumberValue(number) => must_be("custom", key, "an integer", number),
            other => wrong_kind(key, "an integer", other),
        })
    }

    /// What stands under `key` as any type that a task can carry, such as `Vec<String>`; absent and
    /// null are `None`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] with all that does not fit.
    pub fn read<T: FlyteType>(&self, key: &str) -> Result<Option<T>> {
        let Some(kind) = self.kind(key) else { return Ok(None) };
        T::from_form(form(kind)).map(Some).map_err(|found| unfit::<T>("custom", key, &found))
    }

    /// All settings as a type of yours. Whole numbers arrive as integers, and their digits as text, too:
    /// that is how a number beyond 2^53 is written, which settings could only round.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`] with what does not fit.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        struct_serde::from_struct(&self.custom)
            .or_invalid_task("the task's `custom` settings do not fit")
    }

    /// The settings as they came.
    #[must_use]
    pub const fn as_struct(&self) -> &Struct {
        &self.custom
    }

    fn kind(&self, key: &str) -> Option<&Kind> {
        match self.custom.fields.get(key)?.kind.as_ref()? {
            Kind::NullValue(_) => None,
            kind => Some(kind),
        }
    }
}

fn wrong_kind(key: &str, expected: &str, found: &Kind) -> ConnectorError {
    let found = match found {
        Kind::NullValue(_) => "null",
        Kind::NumberValue(_) => "a number",
        Kind::StringValue(_) => "a string",
        Kind::BoolValue(_) => "a boolean",
        Kind::StructValue(_) => "an object",
        Kind::ListValue(_) => "a list",
    };
    must_be("custom", key, expected, found)
}

fn form(kind: &Kind) -> Form<'static> {
    of_struct_value(&Value { kind: Some(kind.clone()) }).into()
}

impl TaskConfig for DynamicConfig {
    fn from_custom(custom: Struct) -> Result<Self> {
        Ok(Self { custom })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{DynamicConfig, TaskConfig};
    use crate::custom_info::json_to_struct;

    fn config(json: serde_json::Value) -> DynamicConfig {
        DynamicConfig::from_custom(json_to_struct(json).expect("an object")).expect("a config")
    }

    #[test]
    fn look_ups_check_the_kind() {
        let config = config(serde_json::json!({"n": 2, "s": "x", "b": true, "z": null}));
        assert_eq!(config.number("n").unwrap(), Some(2.0));
        assert_eq!(config.string("s").unwrap(), Some("x"));
        assert_eq!(config.boolean("b").unwrap(), Some(true));
        assert_eq!(config.number("z").unwrap(), None);
        assert_eq!(config.number("missing").unwrap(), None);
        let error = config.number("s").unwrap_err();
        assert_eq!(error.message(), "`custom.s` must be a number, not a string");
    }

    #[test]
    fn look_ups_of_more_than_plain_values() {
        let config =
            config(serde_json::json!({"n": 2, "half": 2.5, "tags": ["a", true], "z": null}));
        assert_eq!(config.integer("n").unwrap(), Some(2));
        assert_eq!(config.integer("z").unwrap(), None);
        let error = config.integer("half").unwrap_err();
        assert_eq!(error.message(), "`custom.half` must be an integer, not 2.5");
        let error = config.integer("tags").unwrap_err();
        assert_eq!(error.message(), "`custom.tags` must be an integer, not a list");
        let error = config.read::<Vec<String>>("tags").unwrap_err();
        assert_eq!(
            error.message(),
            "`custom.tags` must be a list[str]: `[1]`: expected a string, found a boolean (true)"
        );
        assert_eq!(config.read::<Vec<String>>("missing").unwrap(), None);
        assert_eq!(config.read::<i64>("n").unwrap(), Some(2));
    }

    #[test]
    fn a_large_integer_is_read_from_its_digits_alone() {
        let config = config(serde_json::json!({"digits": "9007199254740993", "float": 1e16}));
        assert_eq!(config.integer("digits").unwrap(), Some(9_007_199_254_740_993));
        let error = config.integer("float").unwrap_err();
        assert!(error.message().contains("2^53"), "{error}");
        assert!(!error.message().contains("must be an integer, not 1"), "{error}");
    }

    #[test]
    fn parses_into_a_type() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Render {
            fps: u32,
            preset: Option<String>,
        }
        let render: Render = config(serde_json::json!({"fps": 24})).parse().unwrap();
        assert_eq!(render, Render { fps: 24, preset: None });
        let error = config(serde_json::json!({"fps": "x"})).parse::<Render>().unwrap_err();
        assert!(error.message().contains("`custom` settings do not fit"), "{error}");
    }
}
