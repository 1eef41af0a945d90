//! `ConnectorMetadataService`: who is here and what they serve.
//! The executor asks every ten seconds and replaces its routing table by the answer, so answers come
//! from memory, whole, and never wait on a connector.

use connector_core::Registry;
use connector_gate::TextLimit;
use tonic::{Request, Response, Status};

use crate::pb;
use crate::pb::connector_metadata_service_server::ConnectorMetadataService;

/// The service, with its one answer made ready.
#[derive(Debug)]
pub(crate) struct MetadataService {
    connectors: Vec<pb::Connector>,
    texts: TextLimit,
}

impl MetadataService {
    pub(crate) fn new(registry: &Registry, texts: TextLimit) -> Self {
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
        Self { connectors: connectors.collect(), texts }
    }
}

#[tonic::async_trait]
impl ConnectorMetadataService for MetadataService {
    async fn get_connector(
        &self,
        request: Request<pb::GetConnectorRequest>,
    ) -> Result<Response<pb::GetConnectorResponse>, Status> {
        let name = request.into_inner().name;
        match self.connectors.iter().find(|connector| connector.name == name) {
            Some(connector) => {
                Ok(Response::new(pb::GetConnectorResponse { connector: Some(connector.clone()) }))
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
        Ok(Response::new(pb::ListConnectorsResponse { connectors: self.connectors.clone() }))
    }
}
