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
/// What variables of secrets begin with in Flyte 1, for whatever connector.
const OF_FLYTE_1: &str = "_FSEC_";
/// The variable that names their directory there, and where it is without.
const DIRECTORY_OF_FLYTE_1: &str = "FLYTE_SECRETS_DEFAULT_DIR";
const USUAL_OF_FLYTE_1: &str = "/etc/secrets";
/// The largest file taken for a secret, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// How many replaced values are remembered: calls that began before may still tell them.
const RETIRED: usize = 64;

/// The secrets an operator gave one connector.
///
/// A secret `api_key` of the connector with the main task type `render` is the file
/// `<CONNECTOR_SECRETS_DIR>/render/api_key`, or else the variable `CONNECTOR__RENDER__SECRET__API_KEY`.
/// After those come the two places that operators of Flyte 1 know, for every connector: the variable
/// `_FSEC_API_KEY` and the file `/etc/secrets/api_key`.
/// All of them are bound to the hosts in `CONNECTOR__RENDER__SECRET_HOSTS`, see
/// [`Secret::expose_for`]; without that variable, to none.
pub struct OperatorSecrets {
    hosts: Arc<Hosts>,
    directory: Option<PathBuf>,
    /// The directory of Flyte 1, if it is there.
    of_flyte_1: Option<PathBuf>,
    lent: RwLock<Arc<Lent>>,
}

/// The secrets of one moment.
#[derive(Clone, Default)]
pub(crate) struct Lent {
    /// By the lower-case name that a variable can have.
    variables: BTreeMap<String, Secret>,
    files: BTreeMap<String, Secret>,
    /// Of the directory of Flyte 1; names are in lower case there.
    of_flyte_1: BTreeMap<String, Secret>,
    retired: VecDeque<Secret>,
    version: u64,
}

impl Lent {
    /// The secret of that name, if the operator gave one.
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        let as_variable =
            |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        self.files
            .get(name)
            .or_else(|| self.variables.get(&name.chars().map(as_variable).collect::<String>()))
            .or_else(|| self.of_flyte_1.get(&name.to_lowercase()))
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
        let named = |prefix: &str| {
            let named = variables.iter().filter_map(|(variable, value)| {
                let name = variable.strip_prefix(prefix).filter(|name| !name.is_empty())?;
                Some((name.to_ascii_lowercase(), Secret::bound(value, Arc::clone(&hosts))))
            });
            named.filter(|(_, secret)| !secret.is_empty()).collect::<Vec<_>>()
        };
        // The connector's own go before those of Flyte 1.
        let lent = named(OF_FLYTE_1).into_iter().chain(named(&prefix)).collect();
        let of_flyte_1 = match value(DIRECTORY_OF_FLYTE_1) {
            "" => Path::new(USUAL_OF_FLYTE_1),
            set => Path::new(set),
        };
        let of_flyte_1 = of_flyte_1.is_dir().then(|| of_flyte_1.to_owned());
        let directory = directory(value(DIRECTORY), task_type)?;
        let lent = RwLock::new(Arc::new(Lent { variables: lent, ..Lent::default() }));
        let secrets = Self { hosts, directory, of_flyte_1, lent };
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
        let no_files = self.directory.is_none() && self.of_flyte_1.is_none();
        no_files && self.lent().variables.is_empty()
    }

    /// Reads the files again. A file that cannot be read now keeps its value; one that is gone takes
    /// its value along. It blocks, briefly, for as long as the file system does.
    #[doc(hidden)]
    pub fn refresh(&self) -> Refreshed {
        let mut refreshed = Refreshed::default();
        let before = self.lent();
        let mut read = |directory: &Option<PathBuf>, before: &BTreeMap<String, Secret>| {
            let Some(directory) = directory else { return BTreeMap::new() };
            let (files, problems) = read_files(directory, &self.hosts, before);
            refreshed.problems.extend(problems);
            files
        };
        let files = read(&self.directory, &before.files);
        let of_flyte_1 = read(&self.of_flyte_1, &before.of_flyte_1);
        if files == before.files && of_flyte_1 == before.of_flyte_1 {
            return refreshed;
        }
        refreshed.changed = true;
        let mut after = Lent::clone(&before);
        for (before, now) in [(&before.files, &files), (&before.of_flyte_1, &of_flyte_1)] {
            let replaced = before.iter().filter(|(name, secret)| now.get(*name) != Some(*secret));
            after.retired.extend(replaced.map(|(_, secret)| secret.clone()));
        }
        while after.retired.len() > RETIRED {
            after.retired.pop_front();
        }
        (after.files, after.of_flyte_1) = (files, of_flyte_1);
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
        let files = lent.files.values().chain(lent.of_flyte_1.values());
        let all = lent.variables.values().chain(files).chain(&lent.retired);
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
        let hosts = Arc::new(Hosts::none());
        Self { hosts, directory: None, of_flyte_1: None, lent: RwLock::default() }
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
        let files = self.files.keys().chain(self.of_flyte_1.keys());
        f.debug_set().entries(self.variables.keys()).entries(files).finish()
    }
}

#[cfg(test)]
#[path = "operator_tests.rs"]
mod tests;
