//! Secrets and settings of the connection as they came.
//! `erased` makes one for connectors that name no type of their own.
//! Which of the task's and the operator's secrets counts is decided here and in `typed/connection`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Result;
use crate::pb;
use crate::secret::{Lent, OperatorSecrets, Secret};
use crate::task::TaskConnection;

/// Secrets and settings that Flyte resolved for the task. Empty when the call carried none.
///
/// A secret that the task did not bring may be the operator's, see [`OperatorSecrets`].
#[derive(Debug, Clone, Default)]
pub struct DynamicConnection {
    secrets: BTreeMap<String, Secret>,
    configs: BTreeMap<String, String>,
    lent: Arc<Lent>,
}

impl DynamicConnection {
    /// The secret of that name: the task's, or else the operator's.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        let own = self.secrets.get(name).filter(|secret| !secret.is_empty());
        own.or_else(|| self.lent.get(name)).or_else(|| self.secrets.get(name))
    }

    /// The setting of that name.
    #[must_use]
    pub fn config(&self, name: &str) -> Option<&str> {
        self.configs.get(name).map(String::as_str)
    }
}

impl DynamicConnection {
    fn with_lent(connection: pb::Connection, lent: Arc<Lent>) -> Self {
        let pb::Connection { secrets, configs, .. } = connection;
        let secrets = secrets.into_iter().map(|(name, value)| (name, Secret::new(value)));
        Self { secrets: secrets.collect(), configs, lent }
    }
}

impl TaskConnection for DynamicConnection {
    fn from_connection(connection: pb::Connection) -> Result<Self> {
        Ok(Self::with_lent(connection, Arc::default()))
    }

    fn with_operator(connection: pb::Connection, operator: &OperatorSecrets) -> Result<Self> {
        Ok(Self::with_lent(connection, operator.lent()))
    }
}
