//! One row of the registry: what the server needs to call a connector, or to say what it is.
//! The builder makes them; the server finds them through `Registry`.
//! Authors have no use for them, so they are public in `host` only.

use std::sync::Arc;

use crate::erased::DynConnector;
use crate::key::ConnectorKey;
use crate::policy::Policy;
use crate::registration::Place;
use crate::secret::OperatorSecrets;
use crate::typed::Interface;

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

/// One task type in one version, and what the connector behind it takes and gives.
#[derive(Debug, Clone)]
pub struct Description {
    /// What Flyte routes by.
    pub key: ConnectorKey,
    /// The connector's name for people.
    pub name: &'static str,
    /// Where it was registered.
    pub place: Place,
    /// What it takes and gives.
    pub interface: Interface,
}
