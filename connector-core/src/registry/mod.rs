//! The table of connectors a server serves: by task type and version, and by name.
//! Built once at start from what the linker collected and what was registered by hand.
//! Lookups take no lock; building is `builder`'s business.

mod builder;
mod report;

use std::collections::HashMap;
use std::sync::Arc;

pub use builder::RegistryBuilder;
pub use report::{Duplicate, InitFailure, RegistryError};

use crate::erased::DynConnector;
use crate::key::ConnectorKey;
use crate::policy::Policy;
use crate::registration::Place;
use crate::secret::OperatorSecrets;
pub use crate::variables::VariableError;

/// All connectors of a server, ready to be called.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    by_type: HashMap<String, Vec<(i32, usize)>>,
    failures: Vec<InitFailure>,
}

/// One task type in one version, and the connector behind it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What Flyte routes by.
    pub key: ConnectorKey,
    /// The connector's name for people.
    pub name: &'static str,
    /// The connector.
    pub connector: Arc<dyn DynConnector>,
    /// How its calls are treated: the author's policy with the operator's values on top.
    pub policy: Policy,
    /// What the operator lends to its calls; the server has mounted files read again.
    pub operator: Arc<OperatorSecrets>,
    /// Where it was registered.
    pub place: Place,
}

/// What one name serves, as `ListConnectors` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedConnector<'a> {
    /// The name.
    pub name: &'a str,
    /// Task types and versions, in order of registration.
    pub keys: Vec<&'a ConnectorKey>,
}

impl Registry {
    /// Starts a registry from nothing.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Starts a registry from every connector the linker kept in this binary, sorted by task type.
    #[must_use]
    pub fn linked() -> RegistryBuilder {
        RegistryBuilder::default().with_linked()
    }

    /// The connector for a task type and version; both must match exactly.
    #[must_use]
    pub fn get(&self, task_type: &str, version: i32) -> Option<&Entry> {
        let versions = self.by_type.get(task_type)?;
        let (_, index) = versions.iter().find(|(known, _)| *known == version)?;
        self.entries.get(*index)
    }

    /// Every task type and version, in order of registration.
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

    /// Whether nothing is served and nothing failed to start: no connector was linked at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.failures.is_empty()
    }
}
