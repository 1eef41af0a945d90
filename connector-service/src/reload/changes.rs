//! What has changed in a file of settings, by whether it counts at once. Keys are told and never values, for any
//! of them may be a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use connector_gate::Gates;

use crate::config::{Setting, SettingsFile};

/// Variables of flags whose values count at once: the limits of `LiveLimits`, the longest call, the log's level.
const LIVE_FLAGS: [&str; 11] = [
    "CONNECTOR_GRACE_SECONDS",
    "CONNECTOR_HANDSHAKE_SECONDS",
    "CONNECTOR_LAME_DUCK_SECONDS",
    "CONNECTOR_LOG_LEVEL",
    "CONNECTOR_MAX_CALL_SECONDS",
    "CONNECTOR_MAX_CONNECTIONS",
    "CONNECTOR_MAX_CONNECTION_AGE",
    "CONNECTOR_MAX_INFLIGHT_BYTES",
    "CONNECTOR_MAX_RESPONSE_BYTES",
    "CONNECTOR_MAX_STREAMS",
    "CONNECTOR_REQUEST_SECONDS",
];

/// Whether the value of a variable can change while the server runs.
fn is_live(variable: &str) -> bool {
    let of_all = variable.strip_prefix("CONNECTOR_POLICY__");
    let policy = of_all.or_else(|| Some(variable.rsplit_once("__POLICY__")?.1));
    match policy {
        Some(name) => !Gates::FIXED_POLICIES.contains(&name.to_ascii_lowercase().as_str()),
        None => LIVE_FLAGS.contains(&variable),
    }
}

/// Keys of a file whose values are others now, or which are new or gone; each list is sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Those that count from now on.
    pub(super) taken: BTreeSet<String>,
    /// Those that count from the next start on.
    pub(super) restart: BTreeSet<String>,
    /// Those that do not count, with what goes before them.
    pub(super) covered: BTreeMap<String, String>,
}

impl Changes {
    /// What is another in the file now than at the start, where only a start counts, and than what was taken last
    /// everywhere else.
    pub(super) fn between(start: &[Setting], taken: &[Setting], now: &SettingsFile) -> Self {
        let mut changes = Self::default();
        for Setting { variable, key, .. } in start.iter().chain(taken).chain(&now.settings) {
            let value = |settings| value(settings, variable);
            let (at_start, last, new) = (value(start), value(taken), value(&now.settings));
            if let Some(before) = now.said_before.get(variable) {
                if last != new {
                    changes.covered.insert(key.clone(), before.clone());
                }
            } else if is_live(variable) {
                if last != new {
                    changes.taken.insert(key.clone());
                }
            } else if at_start != new {
                changes.restart.insert(key.clone());
            }
        }
        changes
    }

    /// Tells all of it, a line for each key.
    pub(super) fn tell(&self, file: &Path) {
        let file = file.display();
        let Self { taken, restart, covered } = self;
        if *self == Self::default() {
            tracing::info!("{file} has not changed");
        }
        for key in taken {
            tracing::info!("`{key}` of {file} has changed and counts from now on");
        }
        for (key, before) in covered {
            tracing::warn!(
                "`{key}` of {file} has changed and does not count: {before} goes before it"
            );
        }
        for key in restart {
            tracing::warn!("`{key}` of {file} has changed; a restart is needed for it to count");
        }
    }
}

fn value<'a>(settings: &'a [Setting], variable: &str) -> Option<&'a str> {
    let found = settings.iter().find(|it| it.variable == variable);
    found.map(|it| it.value.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::{Changes, LIVE_FLAGS, is_live};
    use crate::cli;
    use crate::config::{Setting, SettingsFile};

    fn settings(pairs: &[(&str, &str)]) -> Vec<Setting> {
        let setting = |(key, value): &(&str, &str)| {
            let variable = match key.split('.').collect::<Vec<_>>()[..] {
                ["policy", name] => format!("CONNECTOR_POLICY__{name}"),
                ["connector", task_type, "policy", name] => {
                    format!("CONNECTOR__{task_type}__POLICY__{name}")
                }
                ["connector", task_type, name] => format!("CONNECTOR__{task_type}__{name}"),
                _ => format!("CONNECTOR_{key}"),
            };
            let variable = variable.to_ascii_uppercase();
            Setting { variable, value: (*value).to_owned(), key: (*key).to_owned() }
        };
        pairs.iter().map(setting).collect()
    }

    fn file(pairs: &[(&str, &str)]) -> SettingsFile {
        let said_before = BTreeMap::from([("CONNECTOR_HOST".to_owned(), "--host".to_owned())]);
        SettingsFile { path: PathBuf::from("f"), settings: settings(pairs), said_before }
    }

    #[test]
    fn every_key_has_its_one_line_if_it_is_another() {
        let start = settings(&[("port", "1"), ("log_level", "info"), ("policy.rate", "1")]);
        let told = |taken: &[(&str, &str)], now: &[(&str, &str)]| {
            let Changes { taken, restart, covered } =
                Changes::between(&start, &settings(taken), &file(now));
            let list = |keys: Vec<&str>| keys.join(" ");
            let covered = covered.iter().map(|(key, by)| format!("{key} by {by}"));
            format!(
                "{}|{}|{}",
                list(taken.iter().map(String::as_str).collect()),
                list(restart.iter().map(String::as_str).collect()),
                covered.collect::<Vec<_>>().join(" ")
            )
        };
        let same = &[("port", "1"), ("log_level", "info"), ("policy.rate", "1")][..];
        let other = &[("port", "2"), ("log_level", "debug"), ("policy.rate", "1")][..];
        assert_eq!(told(same, same), "||");
        assert_eq!(told(same, other), "log_level|port|");
        // What was taken has not changed again; the port still waits.
        assert_eq!(told(other, other), "|port|");
        assert_eq!(told(other, same), "log_level||");
        assert_eq!(told(same, &[]), "log_level policy.rate|port|");
        let more = &[
            ("port", "1"),
            ("log_level", "info"),
            ("policy.rate", "1"),
            ("policy.keyed", "true"),
            ("connector.a.policy.retry_for", "1s"),
            ("connector.a.policy.isolation", "own"),
            ("connector.a.endpoint", "http://b"),
            ("host", "::1"),
        ][..];
        let restart = "connector.a.endpoint connector.a.policy.isolation policy.keyed";
        let told_more = told(same, more);
        assert_eq!(told_more, format!("connector.a.policy.retry_for|{restart}|host by --host"));
    }

    #[test]
    fn what_is_live_is_the_variable_of_a_flag() {
        let variables = cli::variables();
        for live in LIVE_FLAGS {
            assert!(is_live(live) && variables.iter().any(|it| it == live), "{live}");
        }
        for fixed in ["CONNECTOR_PORT", "CONNECTOR_MAX_REQUEST_BYTES", "CONNECTOR_POLICY__KEYED"] {
            assert!(!is_live(fixed), "{fixed}");
        }
    }
}
