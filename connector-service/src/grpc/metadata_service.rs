//! `ConnectorMetadataService`: who is here and what they serve.
//! The executor asks every ten seconds and replaces its routing table by the answer, so answers come
//! from memory, whole, and never wait on a connector.

use std::sync::{Arc, PoisonError, RwLock};

use connector_core::{ConnectorKey, Registry};
use connector_gate::TextLimit;
use tonic::{Request, Response, Status};

use crate::pb;
use crate::pb::connector_metadata_service_server::ConnectorMetadataService;

/// Who is served, as it is answered. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Listing(Arc<RwLock<Vec<pb::Connector>>>);

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
        Self(Arc::new(RwLock::new(connectors.collect())))
    }

    /// Adds a task type under the name of its connector.
    pub(crate) fn add(&self, name: &str, key: &ConnectorKey) {
        let mut connectors = self.0.write().unwrap_or_else(PoisonError::into_inner);
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

    fn all(&self) -> Vec<pb::Connector> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn named(&self, name: &str) -> Option<pb::Connector> {
        let connectors = self.0.read().unwrap_or_else(PoisonError::into_inner);
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
