//! One other service: what it lists, and the entries that become of it.
//! `mod` asks it again and again; once known, a task type stays known.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connector_core::host::{DynConnector, Entry};
use connector_core::policy::Isolation;
use connector_core::{ConnectorKey, Policy, TaskType};
use tokio::time::timeout;
use tonic::{Code, Status};

use super::answers;
use super::forward::Forwarded;
use super::pass::MOST_LISTED;
use super::pool::Pool;
use crate::pb;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;

/// How long a service may take to list its connectors.
const LISTS_WITHIN: Duration = Duration::from_secs(5);

/// How calls of forwarded connectors are treated unless the operator says otherwise: our own code
/// around them never blocks a thread.
const POLICY: Policy = Policy::new().isolation(Isolation::Shared);

/// Another service.
#[derive(Debug)]
pub(crate) struct Source {
    pool: Arc<Pool>,
    variables: Arc<[(String, String)]>,
    /// What it has listed so far. The list is read again and again, and seldom says anything new.
    known: Mutex<Vec<Entry>>,
}

/// Why a service has not said what it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unlisted {
    /// It is there and has more to do than it can: the sentence that says so.
    Busy(String),
    /// It is not there, or is no such service: the sentence that says so.
    Away(String),
}

/// What a service serves.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) entries: Vec<Entry>,
    /// What cannot be served of it, and why.
    pub(crate) refused: Vec<String>,
}

impl Unlisted {
    fn of(service: &str, status: &Status) -> Self {
        let text = answers::text(service, status);
        match status.code() {
            _ if answers::is_gone(status) => Self::Away(text),
            Code::DeadlineExceeded | Code::ResourceExhausted => Self::Busy(text),
            _ => Self::Away(text),
        }
    }

    pub(crate) fn text(&self) -> &str {
        let (Self::Busy(text) | Self::Away(text)) = self;
        text
    }
}

impl Source {
    /// The service behind a pool. The operator's `variables` may hold policies for its task types.
    pub(crate) fn new(pool: Arc<Pool>, variables: Arc<[(String, String)]>) -> Arc<Self> {
        Arc::new(Self { pool, variables, known: Mutex::default() })
    }

    pub(crate) const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// What it has listed so far.
    pub(crate) fn known(&self) -> Vec<Entry> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks what it serves.
    ///
    /// # Errors
    /// Why it does not say.
    pub(crate) async fn list(&self) -> Result<Listed, Unlisted> {
        let asked = self.pool.ask(|channel| async move {
            let mut client =
                ConnectorMetadataServiceClient::new(channel).max_decoding_message_size(MOST_LISTED);
            client.list_connectors(pb::ListConnectorsRequest {}).await
        });
        let answer = match timeout(LISTS_WITHIN, asked).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(Status::deadline_exceeded(format!(
                "{} does not list its connectors within {LISTS_WITHIN:?}",
                self.pool.name()
            ))),
        };
        let answer = answer.map_err(|status| Unlisted::of(self.pool.name(), &status))?;
        let mut listed = Listed::default();
        for connector in answer.into_inner().connectors {
            for category in connector.supported_task_categories {
                match self.entry(&connector.name, &category) {
                    // The official registry lists a connector that took another one's place beside it.
                    Ok(entry) if listed.entries.iter().any(|it| it.key == entry.key) => {}
                    Ok(entry) => listed.entries.push(entry),
                    Err(reason) => listed.refused.push(reason),
                }
            }
        }
        Ok(listed)
    }

    fn entry(&self, name: &str, category: &pb::TaskCategory) -> Result<Entry, String> {
        let task_type = TaskType::parse(&category.name).map_err(|error| error.to_string())?;
        let version = category.version;
        if version < 0 {
            return Err(format!("version {version} of {task_type} is below 0"));
        }
        let key = ConnectorKey { task_type, version };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.iter().find(|entry| entry.key == key) {
            return Ok(entry.clone());
        }
        // One connector for each task type, whatever its versions: they share a gate.
        let sibling = known.iter().find(|entry| entry.key.task_type == key.task_type);
        let connector: Arc<dyn DynConnector> = match sibling {
            Some(entry) => Arc::clone(&entry.connector),
            None => Arc::new(Forwarded::new(Arc::clone(&self.pool))),
        };
        let service = Arc::clone(self.pool.name());
        let name = name.to_owned();
        let entry = Entry::of_service(key, name, connector, POLICY, &self.variables, service)
            .map_err(|error| error.to_string())?;
        known.push(entry.clone());
        Ok(entry)
    }
}
