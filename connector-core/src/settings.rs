//! What the operator configured for one connector.
//! A connector's `init` function gets it; the server fills it.
//! It reads no environment itself, so tests pass plain maps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{ConnectorError, Result};
use crate::quantity;
use crate::secret::{OperatorSecrets, Secret, as_meant};
use crate::variables;

/// Operator settings of one connector: lower-case names and text values.
///
/// The server takes them from environment variables `CONNECTOR__<TASK_TYPE>__<NAME>`, so
/// `CONNECTOR__BIGQUERY__PROJECT=acme` is the setting `project` of the connector whose first task
/// type is `bigquery`. In the task type every character other than a letter or digit reads as `_`.
/// Names that begin with `SECRET__` are the operator's secrets and no settings, see
/// [`OperatorSecrets`]. An empty variable is none.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
    /// What the variables begin with; empty if the values came from elsewhere.
    prefix: String,
    asked: Arc<Asked>,
    operator: Option<Arc<OperatorSecrets>>,
}

/// The settings and secrets that a connector has asked for, so that a variable nobody reads can be told.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<BTreeSet<String>>);

/// So many names are remembered, as a name can have a part that a caller chose.
const MOST_ASKED: usize = 1_024;

impl Asked {
    fn note(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < MOST_ASKED && !names.contains(name) {
            names.insert(name.to_owned());
        }
    }

    /// Every name so far.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
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
                (is_setting && !value.is_empty()).then_some((setting, value))
            })
            .collect();
        Self { values, prefix, ..Self::default() }
    }

    /// What will have been asked for. While only the caller holds it nothing more will be.
    pub(crate) fn asked(&self) -> Arc<Asked> {
        Arc::clone(&self.asked)
    }

    /// Names and values, without counting them as asked for.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// The environment variable of a setting, for messages about its value.
    #[must_use]
    pub fn variable(&self, name: &str) -> String {
        let name = name.to_ascii_uppercase();
        match self.prefix.as_str() {
            "" => format!("…__{name}"),
            prefix => format!("{prefix}{name}"),
        }
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
        self.asked.note(name);
        self.values.get(name).map(String::as_str)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.keys().for_each(|name| self.asked.note(name));
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The operator's secret of that name, or else the value of the setting of that name as one. It
    /// may be sent to the hosts that the operator named, see [`Secret::expose_for`].
    ///
    /// It is the value of this moment; one that is looked up in each call's connection follows a
    /// mounted file.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.asked.note(name);
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
            let variable = self.variable(name);
            ConnectorError::permanent(format!(
                "the setting `{name}` is missing: set the environment variable {variable}"
            ))
        })
    }

    /// The value of a setting that is a span of time, such as `30s` or `10m`; a number and a unit.
    ///
    /// # Errors
    /// Names the variable whose text is none.
    pub fn span(&self, name: &str) -> Result<Option<Duration>> {
        self.read(name, quantity::span)
    }

    /// The value of a setting that is a size in bytes, such as `4096` or `16MiB`; a bare number is bytes.
    ///
    /// # Errors
    /// Names the variable whose text is none.
    pub fn size(&self, name: &str) -> Result<Option<usize>> {
        self.read(name, quantity::size)
    }

    /// The value of a setting that is one of these words, as what the word stands for.
    ///
    /// # Errors
    /// Names the variable whose text is none of them.
    pub fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        self.read(name, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, meant)| *meant).ok_or_else(|| {
                let words: Vec<String> =
                    words.iter().map(|(word, _)| format!("`{word}`")).collect();
                format!("it is one of {}", words.join(", "))
            })
        })
    }

    fn read<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>> {
        self.get(name).map(read).transpose().map_err(|reason| {
            let variable = self.variable(name);
            ConnectorError::permanent(format!("the environment variable {variable}: {reason}"))
        })
    }
}

/// For tests: names and values as `init` finds them.
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { values: values.collect(), ..Self::default() }
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
    use std::time::Duration;

    use super::Settings;

    fn of_my_task<const N: usize>(variables: [(&str, &str); N]) -> Settings {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Settings::from_variables("my-task", variables.map(owned))
    }

    #[test]
    fn takes_only_its_own_variables() {
        let settings = of_my_task([
            ("CONNECTOR__MY_TASK__API_URL", "http://a"),
            ("CONNECTOR__MY_TASK__EMPTY", ""),
            ("CONNECTOR__MY__API_URL", "http://b"),
            ("CONNECTOR__MY_TASK__", "ignored"),
            ("CONNECTOR__MY_TASK__SECRET__KEY", "no setting"),
            ("CONNECTOR_PORT", "1"),
        ]);
        assert_eq!(settings.get("api_url"), Some("http://a"));
        assert_eq!(format!("{settings:?}"), r#"{"api_url"}"#);
        let missing = settings.require("token").unwrap_err();
        assert!(missing.message().ends_with("variable CONNECTOR__MY_TASK__TOKEN"), "{missing}");
        let missing = Settings::default().require("token").unwrap_err();
        assert!(missing.message().ends_with("variable …__TOKEN"), "{missing}");
    }

    #[test]
    fn spans_sizes_and_choices_are_read_and_a_wrong_one_is_told_by_its_variable() {
        let settings = of_my_task([
            ("CONNECTOR__MY_TASK__WAIT", "1m30s"),
            ("CONNECTOR__MY_TASK__PAGE", "64KiB"),
            ("CONNECTOR__MY_TASK__ODD", "soon"),
        ]);
        assert_eq!(settings.span("wait").unwrap(), Some(Duration::from_secs(90)));
        assert_eq!(settings.size("page").unwrap(), Some(65_536));
        assert_eq!(settings.size("other").unwrap(), None);
        assert_eq!(settings.choice("page", &[("64KiB", 'a'), ("b", 'b')]).unwrap(), Some('a'));
        let none = settings.choice("odd", &[("a", 1), ("b", 2)]).unwrap_err();
        assert!(
            none.message().ends_with("CONNECTOR__MY_TASK__ODD: it is one of `a`, `b`"),
            "{none}"
        );
        let odd = settings.span("odd").unwrap_err();
        assert!(odd.message().contains("CONNECTOR__MY_TASK__ODD: `soon`"), "{odd}");
    }
}
