//! Settings from a file, as TOML. Each is what an environment variable could be, so the rest of the program
//! reads one kind of thing: `cli` puts them below the variables, which stay below the flags.
//! Values are never told, for any of them may be a secret.

#[cfg(test)]
mod damaged_tests;
mod printed;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use connector_core::host::variables::{prefix, spelled};
use toml::{Table, Value};

use crate::nearest::nearest;
pub(crate) use printed::{Origin, key, print};

/// One setting of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The environment variable that says the same.
    pub(crate) variable: String,
    pub(crate) value: String,
    /// Where it stands: `connector.render.policy.rate`.
    pub(crate) key: String,
}

/// A file as a command line led to it.
#[derive(Debug, Clone)]
pub(crate) struct SettingsFile {
    pub(crate) path: PathBuf,
    pub(crate) settings: Vec<Setting>,
    /// Variables that do not come from it, whatever it says: with the flag or variable that goes before.
    pub(crate) said_before: BTreeMap<String, String>,
}

/// What a file may set beside connectors: the names of flags with their variables.
pub(crate) type Names = [(String, String)];

/// Sections, by the name of their table.
const POLICY: &str = "policy";
const CONNECTOR: &str = "connector";
const SECRET: &str = "secret";

/// Reads a file.
///
/// # Errors
/// It cannot be read, is no TOML, or has keys or values that nothing is made of; all of those at once.
pub(crate) fn read(file: &Path, names: &Names) -> Result<Vec<Setting>, String> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
    settings(&text, names).map_err(|problems| format!("{shown}: {}", problems.join("; ")))
}

fn settings(text: &str, names: &Names) -> Result<Vec<Setting>, Vec<String>> {
    let table: Table = text.parse().map_err(|error| vec![syntax(text, &error)])?;
    let mut reader = Reader::default();
    for (name, value) in &table {
        match (name.as_str(), value) {
            (POLICY, Value::Table(policy)) => reader.section(POLICY, "CONNECTOR_POLICY__", policy),
            (CONNECTOR, Value::Table(connectors)) => reader.connectors(connectors),
            (POLICY | CONNECTOR, _) => {
                reader.problems.push(format!("`{name}` is a section: write [{name}]"));
            }
            (_, value) => reader.flag(name, value, names),
        }
    }
    if reader.problems.is_empty() { Ok(reader.settings) } else { Err(reader.problems) }
}

/// What is wrong and in which line; the line itself may hold a secret.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    let said = error.message().lines().next().unwrap_or_default();
    format!("line {line} is no TOML: {said}")
}

#[derive(Default)]
struct Reader {
    settings: Vec<Setting>,
    problems: Vec<String>,
}

impl Reader {
    /// A setting of the server itself, by the name of its flag.
    fn flag(&mut self, name: &str, value: &Value, names: &Names) {
        let flag = name.replace('_', "-");
        if let Some((_, variable)) = names.iter().find(|(known, _)| *known == flag) {
            return self.set(name.to_owned(), variable.clone(), value);
        }
        let known = names.iter().map(|(known, _)| known.as_str()).chain([POLICY, CONNECTOR]);
        self.problems.push(match nearest(&flag, known) {
            Some(meant) => format!("there is no `{name}`; did you mean `{}`?", meant.replace('-', "_")),
            None => format!(
                "there is no `{name}`; keys are the names of the flags of `serve`, and the sections are \
                 [policy], [connector.TASK_TYPE], [connector.TASK_TYPE.policy] and \
                 [connector.TASK_TYPE.secret]"
            ),
        });
    }

    fn connectors(&mut self, connectors: &Table) {
        for (task_type, value) in connectors {
            let key = format!("{CONNECTOR}.{task_type}");
            let Value::Table(own) = value else {
                self.problems.push(format!("`{key}` is a section: write [{key}]"));
                continue;
            };
            let prefix = prefix(task_type);
            for (name, value) in own {
                let key = format!("{key}.{name}");
                match (name.as_str(), value) {
                    (POLICY, Value::Table(policy)) => {
                        self.section(&key, &format!("{prefix}POLICY__"), policy);
                    }
                    (SECRET, Value::Table(secrets)) => {
                        self.section(&key, &format!("{prefix}SECRET__"), secrets);
                    }
                    (other, Value::Table(_)) => {
                        let meant = nearest(other, [POLICY, SECRET]);
                        let meant = meant
                            .map(|it| format!("; did you mean [{CONNECTOR}.{task_type}.{it}]?"));
                        self.problems.push(format!(
                            "there is no section [{key}]{}",
                            meant.unwrap_or_default()
                        ));
                    }
                    _ => self.set(key, format!("{prefix}{}", spelled(name)), value),
                }
            }
        }
    }

    fn section(&mut self, key: &str, prefix: &str, table: &Table) {
        for (name, value) in table {
            self.set(format!("{key}.{name}"), format!("{prefix}{}", spelled(name)), value);
        }
    }

    fn set(&mut self, key: String, variable: String, value: &Value) {
        if self.settings.iter().any(|known| known.variable == variable) {
            self.problems.push(format!("`{key}` is there twice, in two spellings"));
            return;
        }
        match plain(value) {
            Some(value) => self.settings.push(Setting { variable, value, key }),
            None => self.problems.push(format!(
                "`{key}` must be a text, a number, `true` or `false`, or a list of those"
            )),
        }
    }
}

/// The text that a variable would have.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(is) => Some(is.to_string()),
        Value::Array(values) => {
            let values: Option<Vec<String>> = values
                .iter()
                .map(|value| plain(value).filter(|_| !matches!(value, Value::Array(_))))
                .collect();
            Some(values?.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::settings;

    fn names() -> Vec<(String, String)> {
        ["port", "grace-seconds", "expect", "require-tls", "secrets-dir"]
            .map(|flag| (flag.to_owned(), format!("CONNECTOR_{}", super::spelled(flag))))
            .to_vec()
    }

    #[test]
    fn every_section_is_what_variables_could_say() {
        let text = r#"
            port = 8001
            grace_seconds = "1m30s"
            expect = ["a@1", "b"]
            require-tls = true

            [policy]
            rate = 2.5

            [connector.my-task]
            endpoint = "https://a.example"
            secret_hosts = ["a.example", "b.example"]
            [connector.my-task.policy]
            poll_interval = "1m"
            [connector.my-task.secret]
            api_key = "k"
        "#;
        let mut read = settings(text, &names()).unwrap();
        read.sort_by(|one, other| one.variable.cmp(&other.variable));
        let read: Vec<_> = read
            .iter()
            .map(|it| (it.variable.as_str(), it.value.as_str(), it.key.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                ("CONNECTOR_EXPECT", "a@1,b", "expect"),
                ("CONNECTOR_GRACE_SECONDS", "1m30s", "grace_seconds"),
                ("CONNECTOR_POLICY__RATE", "2.5", "policy.rate"),
                ("CONNECTOR_PORT", "8001", "port"),
                ("CONNECTOR_REQUIRE_TLS", "true", "require-tls"),
                ("CONNECTOR__MY_TASK__ENDPOINT", "https://a.example", "connector.my-task.endpoint"),
                (
                    "CONNECTOR__MY_TASK__POLICY__POLL_INTERVAL",
                    "1m",
                    "connector.my-task.policy.poll_interval"
                ),
                (
                    "CONNECTOR__MY_TASK__SECRET_HOSTS",
                    "a.example,b.example",
                    "connector.my-task.secret_hosts"
                ),
                ("CONNECTOR__MY_TASK__SECRET__API_KEY", "k", "connector.my-task.secret.api_key"),
            ]
        );
        assert_eq!(settings("", &names()), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once_and_without_values() {
        for (text, said) in [
            ("prot = 'hunter2'", &["there is no `prot`; did you mean `port`?"][..]),
            ("grace = 1\nx1 = 2", &["did you mean `grace_seconds`?", "there is no `x1`; keys are"]),
            ("port = 1979-05-27", &["`port` must be a text"]),
            ("port = [['hunter2']]", &["`port` must be a text"]),
            ("grace-seconds = 1\ngrace_seconds = 2", &["there twice"]),
            ("policy = 1\nconnector = 'hunter2'", &["write [policy]", "write [connector]"]),
            ("[connector]\na = 1", &["write [connector.a]"]),
            (
                "[connector.a.polcy]\nx = 1",
                &["no section [connector.a.polcy]; did you mean [connector.a.policy]?"],
            ),
            ("\n\napi = hunter2", &["line 3 is no TOML"]),
            ("[connector.a.secret]\nk = 'hunter2", &["line 2 is no TOML"]),
        ] {
            let problems = settings(text, &names()).unwrap_err().join("; ");
            for said in said {
                assert!(problems.contains(said), "{text}: {problems}");
            }
            assert!(!problems.contains("hunter2"), "{problems}");
        }
    }
}
