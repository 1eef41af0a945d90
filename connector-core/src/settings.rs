//! What the operator configured for one connector.
//! A connector's `init` function gets it; the server fills it.
//! It reads no environment itself, so tests pass plain maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{ConnectorError, Result};
use crate::secret::{OperatorSecrets, Secret, as_meant};
use crate::variables;

/// Operator settings of one connector: lower-case names and text values.
///
/// The server takes them from environment variables `CONNECTOR__<TASK_TYPE>__<NAME>`, so
/// `CONNECTOR__BIGQUERY__PROJECT=acme` is the setting `project` of the connector whose first task
/// type is `bigquery`. In the task type every character other than a letter or digit reads as `_`.
/// Names that begin with `SECRET__` are the operator's secrets and no settings, see
/// [`OperatorSecrets`].
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
    operator: Option<Arc<OperatorSecrets>>,
}

impl Settings {
    /// The settings of the connector with that first task type, out of all environment variables.
    pub fn from_variables<I>(task_type: &str, variables: I) -> Self
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let prefix = variables::prefix(task_type);
        let values = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let setting = name.strip_prefix(&prefix)?;
                let setting = setting.to_ascii_lowercase();
                let is_setting = !setting.is_empty() && !setting.starts_with("secret__");
                is_setting.then_some((setting, value))
            })
            .collect();
        Self { values, operator: None }
    }

    /// With the operator's secrets of the same connector.
    pub(crate) fn with_operator(mut self, secrets: Arc<OperatorSecrets>) -> Self {
        self.operator = Some(secrets);
        self
    }

    /// The operator's secrets of the connector.
    pub(crate) fn operator(&self) -> Arc<OperatorSecrets> {
        self.operator.clone().unwrap_or_default()
    }

    /// The value of a setting, if the operator gave one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The operator's secret of that name, or else the value of the setting of that name as one. It
    /// may be sent to the hosts that the operator named, see [`Secret::expose_for`].
    ///
    /// It is the value of this moment; one that is looked up in each call's connection follows a
    /// mounted file.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        match &self.operator {
            Some(operator) => {
                operator.get(name).or_else(|| self.get(name).map(|value| operator.bind(value)))
            }
            None => self.get(name).map(|value| Secret::new(as_meant(value))),
        }
    }

    /// The value of a setting the connector cannot start without.
    ///
    /// # Errors
    /// Names the missing setting.
    pub fn require(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            ConnectorError::permanent(format!(
                "the setting `{name}` is missing: set the environment variable that ends in `__{}`",
                name.to_ascii_uppercase()
            ))
        })
    }
}

/// For tests: names and values as `init` finds them.
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { values: values.collect(), operator: None }
    }
}

// Values may be credentials, so only the names are shown.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn takes_only_its_own_variables() {
        let variables = [
            ("CONNECTOR__MY_TASK__API_URL", "http://a"),
            ("CONNECTOR__MY__API_URL", "http://b"),
            ("CONNECTOR__MY_TASK__", "ignored"),
            ("CONNECTOR__MY_TASK__SECRET__KEY", "no setting"),
            ("CONNECTOR_PORT", "1"),
        ];
        let settings = Settings::from_variables(
            "my-task",
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        assert_eq!(settings.get("api_url"), Some("http://a"));
        assert_eq!(format!("{settings:?}"), r#"{"api_url"}"#);
        let missing = settings.require("token").unwrap_err();
        assert!(missing.message().contains("`__TOKEN`"), "{missing}");
    }
}
