//! The registry itself: lookups by task type and version, and by name. They take no lock.
//! `builder` fills it once; the server asks it for every call.
//! What is checked before a connector comes in stands in `builder`.

use std::collections::HashMap;

use super::entry::Entry;
use super::readers::Variables;
use super::report::InitFailure;
use crate::key::ConnectorKey;

/// All connectors of a server, ready to be called.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    by_type: HashMap<String, Vec<(i32, usize)>>,
    failures: Vec<InitFailure>,
    variables: Variables,
}

/// What one name serves, as `ListConnectors` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedConnector<'a> {
    /// The name.
    pub name: &'a str,
    /// Task types and versions, in order of registration.
    pub keys: Vec<&'a ConnectorKey>,
}

impl Registry {
    // For a server, as `host` is: an entry holds the connector in its raw form.
    /// The connector for a task type and version; both must match exactly.
    #[doc(hidden)]
    #[must_use]
    pub fn get(&self, task_type: &str, version: i32) -> Option<&Entry> {
        let versions = self.by_type.get(task_type)?;
        let (_, index) = versions.iter().find(|(known, _)| *known == version)?;
        self.entries.get(*index)
    }

    /// Every task type and version, in order of registration.
    #[doc(hidden)]
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Connectors grouped by name, in order of first registration.
    #[must_use]
    pub fn by_name(&self) -> Vec<NamedConnector<'_>> {
        let mut named: Vec<NamedConnector<'_>> = Vec::new();
        for entry in &self.entries {
            match named.iter_mut().find(|group| group.name == entry.name) {
                Some(group) => group.keys.push(&entry.key),
                None => named.push(NamedConnector { name: entry.name, keys: vec![&entry.key] }),
            }
        }
        named
    }

    /// Connectors whose `init` failed. They are not served.
    #[must_use]
    pub fn failures(&self) -> &[InitFailure] {
        &self.failures
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        let versions = self.by_type.entry(entry.key.task_type.as_str().to_owned()).or_default();
        versions.push((entry.key.version, self.entries.len()));
        self.entries.push(entry);
    }

    pub(super) fn insert_failure(&mut self, failure: InitFailure) {
        self.failures.push(failure);
    }

    /// What became of the operator's variables: those that are read, and those that nobody reads.
    #[doc(hidden)]
    #[must_use]
    pub const fn variables(&self) -> &Variables {
        &self.variables
    }

    pub(super) fn set_variables(&mut self, variables: Variables) {
        self.variables = variables;
    }

    /// Whether nothing is served and nothing failed to start: no connector was linked at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.failures.is_empty()
    }
}
