//! Collects connectors, checks them against each other and makes their instances.
//! The server and embedders use it once at start.
//! Order matters: it is the order in which `ListConnectors` shows them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use futures_util::FutureExt;

use super::entry::{AuthoredPolicy, Description, Entry, Origin};
use super::readers::{Made, Readers};
use super::report::{Duplicate, InitFailure, RegistryError};
use super::table::Registry;
use crate::connector::AsyncConnector;
use crate::erased::{DynConnector, Erased, finds, interface};
use crate::erased_sync::ErasedSync;
use crate::error::{ConnectorError, Result};
use crate::key::{ConnectorKey, TaskType};
use crate::policy::Recovery;
use crate::registration::{Identity, Instance, Place, Registration, beforehand};
use crate::secret::OperatorSecrets;
use crate::settings::Settings;
use crate::sync_connector::SyncConnector;
use crate::typed::Interface;

/// Collects connectors for a [`Registry`].
#[derive(Default)]
pub struct RegistryBuilder {
    candidates: Vec<Candidate>,
    variables: Vec<(String, String)>,
}

struct Candidate {
    identity: Identity,
    source: Source,
    interface: fn() -> Interface,
    finds: fn() -> bool,
    replaces: bool,
}

enum Source {
    Linked(fn(Settings) -> Instance),
    Made(Box<dyn FnOnce(Arc<OperatorSecrets>) -> Arc<dyn DynConnector> + Send>),
}

impl Registry {
    /// Starts a registry from nothing.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        // Before the argument of `register`, which may make a connector.
        beforehand();
        RegistryBuilder::default()
    }

    /// Starts a registry from every connector the linker kept in this binary, sorted by task type.
    #[must_use]
    pub fn linked() -> RegistryBuilder {
        Self::builder().with_linked()
    }
}

impl RegistryBuilder {
    /// Adds every connector the linker kept in this binary, sorted by task type and version,
    /// because the linker promises no order.
    #[must_use]
    pub fn with_linked(mut self) -> Self {
        let mut linked: Vec<&Registration> = inventory::iter::<Registration>.into_iter().collect();
        linked.sort_by_key(|registration| {
            let Identity { task_types, versions, place, .. } = registration.identity;
            (task_types, versions, place)
        });
        self.candidates.extend(linked.into_iter().map(|registration| Candidate {
            identity: registration.identity,
            source: Source::Linked(registration.instance),
            interface: registration.interface,
            finds: registration.finds,
            replaces: false,
        }));
        self
    }

    /// Adds a connector made by hand.
    #[must_use]
    #[track_caller]
    pub fn register<C: AsyncConnector>(self, connector: C) -> Self {
        self.add(connector, false)
    }

    /// Adds a connector made by hand whose tasks are done within one call.
    #[must_use]
    #[track_caller]
    pub fn register_sync<C: SyncConnector>(self, connector: C) -> Self {
        self.add_sync(connector, false)
    }

    /// Adds a connector made by hand that takes over every task type and version it names from
    /// connectors added before it.
    #[must_use]
    #[track_caller]
    pub fn replace<C: AsyncConnector>(self, connector: C) -> Self {
        self.add(connector, true)
    }

    /// The same as [`RegistryBuilder::replace`], for a connector whose tasks are done within one call.
    #[must_use]
    #[track_caller]
    pub fn replace_sync<C: SyncConnector>(self, connector: C) -> Self {
        self.add_sync(connector, true)
    }

    /// The environment variables that connectors' [`Settings`], the operator's part of their
    /// [`Policy`](crate::Policy) and their [`OperatorSecrets`] are taken from.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    #[track_caller]
    fn add<C: AsyncConnector>(mut self, connector: C, replaces: bool) -> Self {
        self.candidates.push(Candidate {
            identity: Identity::of::<C>(here()),
            source: Source::Made(Box::new(|operator| Arc::new(Erased::new(connector, operator)))),
            interface: interface::<C>,
            finds: finds::<C>,
            replaces,
        });
        self
    }

    #[track_caller]
    fn add_sync<C: SyncConnector>(mut self, connector: C, replaces: bool) -> Self {
        let make = |operator| Arc::new(ErasedSync::new(connector, operator)) as Arc<_>;
        self.candidates.push(Candidate {
            identity: Identity::of::<C>(here()).sync(),
            source: Source::Made(Box::new(make)),
            interface: interface::<C>,
            finds: || false,
            replaces,
        });
        self
    }

    /// Checks all connectors and says what they are, without making any: no `init` runs and no variable
    /// is read. What has no connector any more, as another replaced it, is left out.
    ///
    /// # Errors
    /// As [`RegistryBuilder::build`], but for operators' variables.
    pub fn describe(self) -> Result<Vec<Description>, RegistryError> {
        let served = claims(&self.candidates)?;
        let described = self.candidates.into_iter().zip(served).flat_map(|(candidate, keys)| {
            let Candidate { identity, interface, finds, .. } = candidate;
            let Identity { name, place, sync, policy, .. } = identity;
            keys.into_iter().map(move |key| Description {
                key,
                name: Cow::Borrowed(name),
                sync,
                origin: Origin::Source(place),
                interface: interface(),
                recovery: Recovery::of(&policy, finds()),
            })
        });
        Ok(described.collect())
    }

    /// Checks all connectors and makes their instances, one after the other.
    ///
    /// A connector whose `init` fails or panics is left out and listed in [`Registry::failures`].
    ///
    /// # Errors
    /// Two connectors for one task type and version (all such pairs are listed), one name for tasks that
    /// are done within their call and for jobs, a task type or version that Flyte cannot carry, or an
    /// operator's variable that does not fit.
    pub async fn build(self) -> Result<Registry, RegistryError> {
        let served = claims(&self.candidates)?;
        let mut registry = Registry::default();
        let mut readers = Readers::new();
        for (candidate, keys) in self.candidates.into_iter().zip(served) {
            if keys.is_empty() {
                continue;
            }
            let Identity { name, place, task_types, policy, .. } = candidate.identity;
            let main = task_types.first().copied().unwrap_or_default();
            let settings = Settings::from_variables(main, self.variables.iter().cloned());
            let authored = AuthoredPolicy::new(policy, main.to_owned());
            let policy = authored.with(&self.variables)?;
            let operator = Arc::new(OperatorSecrets::read(main, &self.variables)?);
            let (made, asked) = match candidate.source {
                Source::Made(make) => (Ok(make(Arc::clone(&operator))), None),
                Source::Linked(instance) => {
                    let settings = settings.with_operator(Arc::clone(&operator));
                    let asked = settings.asked();
                    (make(instance, settings).await, Some(asked))
                }
            };
            let known = match (&made, asked) {
                (Ok(connector), Some(asked)) => Made::FromSettings(connector, asked),
                (Ok(_), None) | (Err(_), _) => Made::Elsewhere,
            };
            readers.add(candidate.identity.task_types, &known);
            match made {
                Ok(connector) => {
                    for key in keys {
                        let connector = Arc::clone(&connector);
                        let (operator, authored) = (Arc::clone(&operator), authored.clone());
                        let (name, origin) = (Cow::Borrowed(name), Origin::Source(place));
                        let entry =
                            Entry { key, name, connector, policy, authored, operator, origin };
                        registry.insert(entry);
                    }
                }
                Err(error) => {
                    registry.insert_failure(InitFailure { name, keys, place, error });
                }
            }
        }
        registry.set_variables(readers.judge(&self.variables));
        Ok(registry)
    }
}

/// Which keys each candidate serves, after replacements.
fn claims(candidates: &[Candidate]) -> Result<Vec<Vec<ConnectorKey>>, RegistryError> {
    let mut served: Vec<Vec<ConnectorKey>> = Vec::with_capacity(candidates.len());
    let mut owners: HashMap<ConnectorKey, (usize, Place)> = HashMap::new();
    let mut duplicates = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let place = candidate.identity.place;
        let keys = keys_of(&candidate.identity)?;
        for key in &keys {
            match owners.insert(key.clone(), (index, place)) {
                Some((owner, _)) if candidate.replaces && owner != index => {
                    if let Some(losing) = served.get_mut(owner) {
                        losing.retain(|kept| kept != key);
                    }
                }
                Some((_, first)) => {
                    duplicates.push(Duplicate { key: key.clone(), first, second: place });
                }
                None => {}
            }
        }
        served.push(keys);
    }
    if !duplicates.is_empty() {
        return Err(RegistryError::Duplicates(duplicates));
    }
    check_one_kind_per_name(candidates, &served)?;
    Ok(served)
}

/// Flyte 1 is told for each name whether its tasks are done within their call, and believes what it hears
/// first of all that stand under it.
fn check_one_kind_per_name(
    candidates: &[Candidate],
    served: &[Vec<ConnectorKey>],
) -> Result<(), RegistryError> {
    let mut seen: HashMap<&str, &Identity> = HashMap::new();
    let there = candidates.iter().zip(served).filter(|(_, keys)| !keys.is_empty());
    for (Candidate { identity, .. }, _) in there {
        let first = *seen.entry(identity.name).or_insert(identity);
        if first.sync != identity.sync {
            let (sync, jobs) = if first.sync { (first, identity) } else { (identity, first) };
            let (sync, jobs) = (sync.place, jobs.place);
            return Err(RegistryError::Mixed { name: identity.name, sync, jobs });
        }
    }
    Ok(())
}

/// Where the caller of a method of the builder stands.
#[track_caller]
const fn here() -> Place {
    let caller = Location::caller();
    Place { file: caller.file(), line: caller.line() }
}

/// Every task type in every version, in the order written.
fn keys_of(identity: &Identity) -> Result<Vec<ConnectorKey>, RegistryError> {
    let place = identity.place;
    if identity.task_types.is_empty() || identity.versions.is_empty() {
        let reason = format!("the connector {:?} names no task type or version", identity.name);
        return Err(RegistryError::Illegal { reason, place });
    }
    let mut keys = Vec::new();
    for name in identity.task_types {
        let task_type =
            TaskType::parse(name).map_err(|error| RegistryError::illegal_type(&error, place))?;
        for version in identity.versions {
            if *version < 0 {
                let reason = format!("version {version} of task type {name:?} is below 0");
                return Err(RegistryError::Illegal { reason, place });
            }
            keys.push(ConnectorKey { task_type: task_type.clone(), version: *version });
        }
    }
    Ok(keys)
}

/// Runs an author's `init`; a panic in it is that connector's failure, not the server's.
async fn make(
    instance: fn(Settings) -> Instance,
    settings: Settings,
) -> Result<Arc<dyn DynConnector>> {
    let guarded = std::panic::AssertUnwindSafe(async { instance(settings).await });
    guarded.catch_unwind().await.unwrap_or_else(|_| {
        Err(ConnectorError::permanent("`init` panicked; the panic message is above"))
    })
}

impl fmt::Debug for RegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identities = self.candidates.iter().map(|candidate| &candidate.identity);
        f.debug_list().entries(identities).finish()
    }
}
