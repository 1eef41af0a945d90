//! The untyped forms of settings, inputs, outputs and connection: the defaults of `#[connector]`.
//! They hand over everything that came, with checked look-ups.
//! Typed forms implement the same traits (`task`) and need nothing from here.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost_types::{Struct, value::Kind};
use serde::de::DeserializeOwned;

use crate::error::{ConnectorError, OrKind, Result};
use crate::pb;
use crate::secret::{Lent, OperatorSecrets, Secret};
use crate::struct_serde;
use crate::task::{NamedLiterals, TaskConfig, TaskConnection, TaskInputs, TaskOutputs};

/// Task settings as they came in `TaskTemplate.custom`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DynamicConfig {
    custom: Struct,
}

impl DynamicConfig {
    /// The number under `key`; absent and null are `None`.
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
    ConnectorError::invalid_task(format!("`custom.{key}` must be {expected}, not {found}"))
}

impl TaskConfig for DynamicConfig {
    fn from_custom(custom: Struct) -> Result<Self> {
        Ok(Self { custom })
    }
}

/// Task inputs as they came: names and literals.
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

impl TaskInputs for DynamicInputs {
    fn from_literals(literals: NamedLiterals) -> Result<Self> {
        Ok(Self { literals })
    }
}

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

/// Secrets and settings that Flyte resolved for the task. Empty when the call carried none.
///
/// A secret that the task did not bring may be the operator's, see [`OperatorSecrets`].
#[derive(Debug, Clone, Default)]
pub struct DynamicConnection {
    secrets: BTreeMap<String, Secret>,
    configs: BTreeMap<String, String>,
    lent: Arc<Lent>,
}

impl DynamicConnection {
    /// The secret of that name: the task's, or else the operator's.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        let own = self.secrets.get(name).filter(|secret| !secret.is_empty());
        own.or_else(|| self.lent.get(name)).or_else(|| self.secrets.get(name))
    }

    /// The setting of that name.
    #[must_use]
    pub fn config(&self, name: &str) -> Option<&str> {
        self.configs.get(name).map(String::as_str)
    }
}

impl TaskConnection for DynamicConnection {
    fn from_connection(connection: pb::Connection) -> Result<Self> {
        Ok(Self {
            secrets: connection
                .secrets
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value)))
                .collect(),
            configs: connection.configs,
            lent: Arc::default(),
        })
    }

    fn with_operator(connection: pb::Connection, operator: &OperatorSecrets) -> Result<Self> {
        Ok(Self { lent: operator.lent(), ..Self::from_connection(connection)? })
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
