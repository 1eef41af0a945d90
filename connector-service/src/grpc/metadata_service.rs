//! `ConnectorMetadataService`: who is here and what they serve.
//! The executor asks every ten seconds and replaces its routing table by the answer, so answers come
//! from memory, whole, and never wait on a connector.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use connector_core::{ConnectorKey, Registry};
use connector_gate::TextLimit;
use tonic::{Request, Response, Status};

use crate::pb;
use crate::pb::connector_metadata_service_server::ConnectorMetadataService;

/// Who is served, as it is answered. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    connectors: Arc<RwLock<Vec<pb::Connector>>>,
    /// Whose tasks are done within one call; nobody else's become known later.
    sync: Arc<HashSet<(String, i32)>>,
}

impl Listing {
    pub(crate) fn of(registry: &Registry) -> Self {
        let connectors = registry.by_name().into_iter().map(|named| pb::Connector {
            name: named.name.to_owned(),
            supported_task_categories: named
                .keys
                .into_iter()
                .map(|key| pb::TaskCategory {
                    name: key.task_type.to_string(),
                    version: key.version,
                })
                .collect(),
        });
        let sync = registry.entries().filter(|entry| entry.connector.is_sync());
        let sync = sync.map(|entry| (entry.key.task_type.to_string(), entry.key.version));
        let connectors = Arc::new(RwLock::new(connectors.collect()));
        Self { connectors, sync: Arc::new(sync.collect()) }
    }

    /// Adds a task type under the name of its connector.
    pub(crate) fn add(&self, name: &str, key: &ConnectorKey) {
        let mut connectors = self.connectors.write().unwrap_or_else(PoisonError::into_inner);
        let at = connectors.iter().position(|connector| connector.name == name);
        let at = at.unwrap_or_else(|| {
            connectors.push(pb::Connector { name: name.to_owned(), ..Default::default() });
            connectors.len() - 1
        });
        if let Some(connector) = connectors.get_mut(at) {
            let category =
                pb::TaskCategory { name: key.task_type.to_string(), version: key.version };
            connector.supported_task_categories.push(category);
        }
    }

    /// Everybody.
    pub(crate) fn all(&self) -> Vec<pb::Connector> {
        self.connectors.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether tasks of that type and version are done within one call.
    pub(super) fn is_sync(&self, task_type: &str, version: i32) -> bool {
        self.sync.contains(&(task_type.to_owned(), version))
    }

    fn named(&self, name: &str) -> Option<pb::Connector> {
        let connectors = self.connectors.read().unwrap_or_else(PoisonError::into_inner);
        connectors.iter().find(|connector| connector.name == name).cloned()
    }
}

/// The service, with its one answer made ready.
#[derive(Debug)]
pub(crate) struct MetadataService {
    listing: Listing,
    texts: TextLimit,
}

impl MetadataService {
    pub(crate) const fn new(listing: Listing, texts: TextLimit) -> Self {
        Self { listing, texts }
    }
}

#[tonic::async_trait]
impl ConnectorMetadataService for MetadataService {
    async fn get_connector(
        &self,
        request: Request<pb::GetConnectorRequest>,
    ) -> Result<Response<pb::GetConnectorResponse>, Status> {
        let name = request.into_inner().name;
        match self.listing.named(&name) {
            Some(connector) => {
                Ok(Response::new(pb::GetConnectorResponse { connector: Some(connector) }))
            }
            None => {
                let text = format!("Cannot find connector for name: {name}.");
                Err(Status::not_found(self.texts.shortened(text)))
            }
        }
    }

    async fn list_connectors(
        &self,
        _request: Request<pb::ListConnectorsRequest>,
    ) -> Result<Response<pb::ListConnectorsResponse>, Status> {
        Ok(Response::new(pb::ListConnectorsResponse { connectors: self.listing.all() }))
    }
}
