//! What the operator configured for one connector.
//! A connector's `init` function gets it; the server fills it.
//! It reads no environment itself, so tests pass plain maps.

use std::collections::BTreeMap;

use crate::error::{ConnectorError, Result};
use crate::secret::Secret;

/// Operator settings of one connector: lower-case names and text values.
///
/// The server takes them from environment variables `CONNECTOR__<TASK_TYPE>__<NAME>`, so
/// `CONNECTOR__BIGQUERY__PROJECT=acme` is the setting `project` of the connector whose first task
/// type is `bigquery`. In the task type every character other than a letter or digit reads as `_`.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Settings {
    /// The settings of the connector with that first task type, out of all environment variables.
    pub fn from_variables<I>(task_type: &str, variables: I) -> Self
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let prefix: String = task_type
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        let prefix = format!("CONNECTOR__{prefix}__");
        let values = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let setting = name.strip_prefix(&prefix)?;
                (!setting.is_empty()).then(|| (setting.to_ascii_lowercase(), value))
            })
            .collect();
        Self { values }
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

    /// The value of a setting as a [`Secret`].
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.get(name).map(Secret::new)
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

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(values: I) -> Self {
        Self { values: values.into_iter().collect() }
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
