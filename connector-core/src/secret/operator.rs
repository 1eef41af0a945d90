//! The secrets an operator gave one connector: mounted files, read again when they change, and
//! environment variables. They stand in for what a task did not bring.
//! The registry builder reads them, connections look them up, the server has them read again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::Secret;
use super::hosts::Hosts;
use crate::variables::{self, VariableError};

/// The variable that names the directory of mounted secrets.
pub(crate) const DIRECTORY: &str = "CONNECTOR_SECRETS_DIR";
/// The largest file taken for a secret, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// How many replaced values are remembered: calls that began before may still tell them.
const RETIRED: usize = 64;

/// The secrets an operator gave one connector.
///
/// A secret `api_key` of the connector with the main task type `render` is the file
/// `<CONNECTOR_SECRETS_DIR>/render/api_key`, or else the variable `CONNECTOR__RENDER__SECRET__API_KEY`.
/// All of them are bound to the hosts in `CONNECTOR__RENDER__SECRET_HOSTS`, see
/// [`Secret::expose_for`]; without that variable, to none.
pub struct OperatorSecrets {
    hosts: Arc<Hosts>,
    directory: Option<PathBuf>,
    lent: RwLock<Arc<Lent>>,
}

/// The secrets of one moment.
#[derive(Clone, Default)]
pub(crate) struct Lent {
    /// By the lower-case name that a variable can have.
    variables: BTreeMap<String, Secret>,
    files: BTreeMap<String, Secret>,
    retired: VecDeque<Secret>,
    version: u64,
}

impl Lent {
    /// The secret of that name, if the operator gave one.
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        self.files.get(name).or_else(|| {
            let as_variable =
                |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
            self.variables.get(&name.chars().map(as_variable).collect::<String>())
        })
    }
}

/// What came of reading the files again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Whether a secret is new, other, or gone.
    pub changed: bool,
    /// What could not be read, for the log; the values of before stay in use.
    pub problems: Vec<String>,
}

impl OperatorSecrets {
    /// Reads the secrets of the connector with that main task type. What cannot be read now is told
    /// when they are read again.
    ///
    /// # Errors
    /// A list of hosts that is none, and a directory that is not there.
    pub fn read(task_type: &str, variables: &[(String, String)]) -> Result<Self, VariableError> {
        let value = |name: &str| {
            let found = variables.iter().rev().find(|(variable, _)| variable == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        let prefix = variables::prefix(task_type);
        let variable = format!("{prefix}SECRET_HOSTS");
        let hosts = Hosts::parse(&variable, value(&variable))
            .map_err(|reason| VariableError { variable, reason })?;
        let hosts = Arc::new(hosts);
        let prefix = format!("{prefix}SECRET__");
        let named = variables.iter().filter_map(|(variable, value)| {
            let name = variable.strip_prefix(&prefix).filter(|name| !name.is_empty())?;
            Some((name.to_ascii_lowercase(), Secret::bound(value, Arc::clone(&hosts))))
        });
        let variables = named.filter(|(_, secret)| !secret.is_empty()).collect();
        let directory = directory(value(DIRECTORY), task_type)?;
        let lent = RwLock::new(Arc::new(Lent { variables, ..Lent::default() }));
        let secrets = Self { hosts, directory, lent };
        secrets.refresh();
        Ok(secrets)
    }

    /// The secret of that name, if the operator gave one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.lent().get(name).cloned()
    }

    /// The secrets of this moment.
    pub(crate) fn lent(&self) -> Arc<Lent> {
        // A whole value is put in place, so a panic elsewhere leaves nothing half done.
        Arc::clone(&self.lent.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A value that came in another setting of the operator, bound to the same hosts.
    pub(crate) fn bind(&self, value: &str) -> Secret {
        Secret::bound(value, Arc::clone(&self.hosts))
    }
}

/// For a server, as `host` is: it has the files read again and takes the values out of what is sent.
impl OperatorSecrets {
    /// Whether there are none, and never will be.
    #[doc(hidden)]
    #[must_use]
    pub fn is_never_any(&self) -> bool {
        self.directory.is_none() && self.lent().variables.is_empty()
    }

    /// Reads the files again. A file that cannot be read now keeps its value; one that is gone takes
    /// its value along. It blocks, briefly, for as long as the file system does.
    #[doc(hidden)]
    pub fn refresh(&self) -> Refreshed {
        let mut refreshed = Refreshed::default();
        let Some(directory) = &self.directory else { return refreshed };
        let before = self.lent();
        let (files, problems) = read_files(directory, &self.hosts, &before.files);
        refreshed.problems = problems;
        if files == before.files {
            return refreshed;
        }
        refreshed.changed = true;
        let mut after = Lent::clone(&before);
        let replaced =
            before.files.iter().filter(|(name, secret)| files.get(*name) != Some(*secret));
        after.retired.extend(replaced.map(|(_, secret)| secret.clone()));
        while after.retired.len() > RETIRED {
            after.retired.pop_front();
        }
        after.files = files;
        after.version += 1;
        *self.lent.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        refreshed
    }

    /// Grows whenever a secret changes.
    #[doc(hidden)]
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lent().version
    }

    /// Shows every value, the last ones replaced included, to whoever takes them out of all that is
    /// sent. Connectors have no use for it.
    #[doc(hidden)]
    pub fn each_value(&self, mut see: impl FnMut(&str)) {
        let lent = self.lent();
        let all = lent.variables.values().chain(lent.files.values()).chain(&lent.retired);
        all.for_each(|secret| see(&secret.text));
    }
}

/// The directory of one connector, if the operator mounts secrets at all.
fn directory(root: &str, task_type: &str) -> Result<Option<PathBuf>, VariableError> {
    // These two are legal task types.
    if root.is_empty() || matches!(task_type, "." | "..") {
        return Ok(None);
    }
    let root = Path::new(root);
    if !root.is_dir() {
        let reason = format!("`{}` is no directory", root.display());
        return Err(VariableError { variable: DIRECTORY.to_owned(), reason });
    }
    Ok(Some(root.join(task_type)))
}

/// Every secret in a directory, and what could not be read.
fn read_files(
    directory: &Path,
    hosts: &Arc<Hosts>,
    before: &BTreeMap<String, Secret>,
) -> (BTreeMap<String, Secret>, Vec<String>) {
    let mut problems = Vec::new();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        // A connector without secrets has no directory.
        Err(error) if error.kind() == ErrorKind::NotFound => return (BTreeMap::new(), problems),
        Err(error) => {
            problems.push(format!("{}: {error}", directory.display()));
            return (before.clone(), problems);
        }
    };
    let mut secrets = BTreeMap::new();
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        // Kubernetes keeps the real files in hidden directories and swaps a link to them.
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') || path.is_dir() {
            continue;
        }
        match read_file(&path) {
            Ok(value) => {
                let secret = Secret::bound(&value, Arc::clone(hosts));
                if !secret.is_empty() {
                    secrets.insert(name.to_owned(), secret);
                }
            }
            Err(problem) => {
                problems.push(format!("{}: {problem}", path.display()));
                if let Some(kept) = before.get(name) {
                    secrets.insert(name.to_owned(), kept.clone());
                }
            }
        }
    }
    (secrets, problems)
}

fn read_file(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut value = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut value);
    read.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => "it is no text".to_owned(),
        _ => error.to_string(),
    })?;
    if value.len() as u64 > LARGEST {
        return Err(format!("it is longer than {LARGEST} bytes"));
    }
    Ok(value)
}

impl Default for OperatorSecrets {
    /// None at all.
    fn default() -> Self {
        Self { hosts: Arc::new(Hosts::none()), directory: None, lent: RwLock::default() }
    }
}

// Only the names are shown.
impl fmt::Debug for OperatorSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lent().fmt(f)
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).entries(self.files.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{OperatorSecrets, Refreshed};
    use crate::settings::Settings;

    fn read(variables: &[(&str, &str)]) -> Result<OperatorSecrets, String> {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        OperatorSecrets::read("my-task", &variables).map_err(|error| error.to_string())
    }

    fn text(secrets: &OperatorSecrets, name: &str) -> Option<String> {
        secrets.get(name).map(|secret| secret.expose_for("a.example").unwrap().to_owned())
    }

    const HOSTS: (&str, &str) = ("CONNECTOR__MY_TASK__SECRET_HOSTS", "a.example");

    #[test]
    fn variables_are_found_by_any_spelling_of_the_name() {
        let secrets = read(&[
            HOSTS,
            ("CONNECTOR__MY_TASK__SECRET__API_KEY", "k1"),
            ("CONNECTOR__MY_TASK__SECRET__EMPTY", ""),
            ("CONNECTOR__OTHER__SECRET__TOKEN", "k2"),
        ])
        .unwrap();
        for name in ["api_key", "API-KEY", "api.key"] {
            assert_eq!(text(&secrets, name).as_deref(), Some("k1"), "{name}");
        }
        assert!(secrets.get("token").is_none() && secrets.get("empty").is_none());
        assert_eq!(format!("{secrets:?}"), r#"{"api_key"}"#);
        let error = secrets.get("api_key").unwrap().expose_for("b.example").unwrap_err();
        assert!(error.message().contains("CONNECTOR__MY_TASK__SECRET_HOSTS"), "{error}");
        assert!(!error.message().contains("k1"), "{error}");
    }

    #[test]
    fn without_hosts_nothing_is_shown() {
        let secrets = read(&[("CONNECTOR__MY_TASK__SECRET__KEY", "k1")]).unwrap();
        let secret = secrets.get("key").unwrap();
        let error = secret.expose_for("a.example").unwrap_err();
        assert!(error.message().contains("set CONNECTOR__MY_TASK__SECRET_HOSTS to"), "{error}");
        assert!(secret.expose().is_err());
        assert!(OperatorSecrets::default().is_never_any());
    }

    #[test]
    fn mounted_files_go_before_variables_and_are_read_again() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("my-task");
        fs::create_dir_all(own.join("..data")).unwrap();
        fs::write(own.join("api_key"), "\u{feff}f1\r\n").unwrap();
        fs::write(own.join("empty"), "\n").unwrap();
        fs::write(own.join("pem"), "a\nb\n").unwrap();
        fs::write(own.join(".hidden"), "x").unwrap();
        let secrets = read(&[
            HOSTS,
            ("CONNECTOR_SECRETS_DIR", root.path().to_str().unwrap()),
            ("CONNECTOR__MY_TASK__SECRET__API_KEY", "v1"),
            ("CONNECTOR__MY_TASK__SECRET__TOKEN", "\u{feff}v2\n"),
        ])
        .unwrap();
        let now = |name| text(&secrets, name);
        assert_eq!(now("api_key").as_deref(), Some("f1"));
        assert_eq!(now("pem").as_deref(), Some("a\nb\n"));
        assert_eq!(now("token").as_deref(), Some("v2"));
        assert_eq!((now(".hidden"), now("empty")), (None, None));
        assert_eq!(secrets.refresh(), Refreshed::default());

        let held = secrets.get("api_key").unwrap();
        fs::write(own.join("api_key"), "f2").unwrap();
        fs::remove_file(own.join("pem")).unwrap();
        fs::write(own.join("token"), [0xff, 0xfe]).unwrap();
        let version = secrets.version();
        let second = secrets.refresh();
        assert!(second.changed && secrets.version() > version);
        assert_eq!(second.problems.len(), 1);
        assert!(second.problems[0].ends_with("token: it is no text"), "{second:?}");
        assert_eq!(now("api_key").as_deref(), Some("f2"));
        assert_eq!(now("pem"), None);
        assert_eq!(now("token").as_deref(), Some("v2"));
        assert_eq!(held.expose_for("a.example").unwrap(), "f1", "a call keeps what it has");
        let mut seen = Vec::new();
        secrets.each_value(|value| seen.push(value.to_owned()));
        assert_eq!(seen, ["v1", "v2", "f2", "f1", "a\nb\n"]);

        // Half written: what was read before stays.
        fs::write(own.join("api_key"), [0xff]).unwrap();
        assert_eq!((secrets.refresh().changed, now("api_key").as_deref()), (false, Some("f2")));
    }

    #[test]
    fn what_cannot_be_meant_stops_the_start() {
        let error = read(&[("CONNECTOR__MY_TASK__SECRET_HOSTS", "https://a/x")]).unwrap_err();
        assert!(
            error.contains("CONNECTOR__MY_TASK__SECRET_HOSTS: `https://a/x` is no host"),
            "{error}"
        );
        let error = read(&[("CONNECTOR_SECRETS_DIR", "/no/such/directory")]).unwrap_err();
        assert!(error.contains("`/no/such/directory` is no directory"), "{error}");
    }

    #[test]
    fn settings_hold_the_same_secrets() {
        let secrets = read(&[HOSTS, ("CONNECTOR__MY_TASK__SECRET__KEY", "k1")]).unwrap();
        let values = [("token".to_owned(), "t1\n".to_owned())];
        let settings = Settings::from_iter(values).with_operator(secrets.into());
        for (name, value) in [("key", "k1"), ("token", "t1")] {
            let secret = settings.secret(name).unwrap();
            assert_eq!(secret.expose_for("a.example").unwrap(), value);
            assert!(secret.expose_for("b.example").is_err() && secret.expose().is_err());
        }
    }
}
