//! One row of the registry: what the server needs to call a connector, or to say what it is.
//! The builder makes them; the server finds them through `Registry`.
//! Authors have no use for them, so they are public in `host` only.

use std::borrow::Cow;
use std::sync::Arc;

use crate::erased::DynConnector;
use crate::key::ConnectorKey;
use crate::policy::{Policy, Recovery, overridden};
use crate::registration::Place;
use crate::secret::OperatorSecrets;
use crate::settings::Settings;
use crate::typed::Interface;
use crate::variables::VariableError;

/// One task type in one version, and the connector behind it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What Flyte routes by.
    pub key: ConnectorKey,
    /// The connector's name for people.
    pub name: Cow<'static, str>,
    /// The connector.
    pub connector: Arc<dyn DynConnector>,
    /// How its calls are treated: the author's policy with the operator's values on top.
    pub policy: Policy,
    /// What that was made of.
    pub authored: AuthoredPolicy,
    /// What the operator lends to its calls; the server has mounted files read again.
    pub operator: Arc<OperatorSecrets>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Entry {
    /// What is done about a create of which nobody knows how it ended.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        Recovery::of(&self.policy, self.connector.finds())
    }
}

/// A policy before the operator's values: these may change while a server runs.
#[derive(Debug, Clone)]
pub struct AuthoredPolicy {
    policy: Policy,
    task_type: String,
}

impl AuthoredPolicy {
    /// The policy of a connector whose variables are named after that task type.
    pub(super) const fn new(policy: Policy, task_type: String) -> Self {
        Self { policy, task_type }
    }

    /// With the values of these variables on top.
    ///
    /// # Errors
    /// A variable that does not fit.
    pub fn with(&self, variables: &[(String, String)]) -> Result<Policy, VariableError> {
        let settings = Settings::from_variables(&self.task_type, variables.iter().cloned());
        overridden(self.policy, variables, &settings)
    }
}

/// Where a connector comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was registered there.
    Source(Place),
    /// Another service serves it: who, for people.
    Service(Arc<str>),
}

impl Entry {
    /// A connector that another service serves, as it is treated here: by that policy with the
    /// operator's values on top. Nothing is lent to it.
    ///
    /// # Errors
    /// A variable that does not fit.
    pub fn of_service(
        key: ConnectorKey,
        name: String,
        connector: Arc<dyn DynConnector>,
        policy: Policy,
        variables: &[(String, String)],
        service: Arc<str>,
    ) -> Result<Self, VariableError> {
        let authored = AuthoredPolicy::new(policy, key.task_type.as_str().to_owned());
        let policy = authored.with(variables)?;
        let (name, operator, origin) = (Cow::Owned(name), Arc::default(), Origin::Service(service));
        Ok(Self { key, name, connector, policy, authored, operator, origin })
    }
}

/// One task type in one version, and what the connector behind it takes and gives.
#[derive(Debug, Clone)]
pub struct Description {
    /// What Flyte routes by.
    pub key: ConnectorKey,
    /// The connector's name for people.
    pub name: Cow<'static, str>,
    /// Whether its tasks are done within one call.
    pub sync: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// What it takes and gives.
    pub interface: Interface,
    /// What is done about a create of which nobody knows how it ended.
    pub recovery: Recovery,
}

impl Description {
    /// What is known of a connector that is there.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let Entry { key, name, connector, origin, .. } = entry;
        let (key, name, origin) = (key.clone(), name.clone(), origin.clone());
        let (sync, interface) = (connector.is_sync(), connector.describe());
        let recovery = entry.recovery();
        Self { key, name, sync, origin, interface, recovery }
    }
}
