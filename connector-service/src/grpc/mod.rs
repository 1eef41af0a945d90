//! The gRPC surface: which services are offered, with which limits and layers.
//! `server` asks for the routes; every service here decodes, hands over to `dispatch`, encodes.
//! No rule about failures lives here: those are in `connector-gate`, and their codes in `status`.

mod answer_size;
mod convert;
pub(crate) mod health;
mod log_stream;
mod metadata_service;
mod oversize;
mod task_service;
mod timeout;

use std::sync::Arc;

use connector_core::Registry;
use connector_gate::Dispatcher;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;

use crate::limits::Limits;
use crate::pb::FILE_DESCRIPTOR_SET;
use crate::pb::async_connector_service_server::{
    AsyncConnectorServiceServer, SERVICE_NAME as TASKS,
};
use crate::pb::connector_metadata_service_server::{
    ConnectorMetadataServiceServer, SERVICE_NAME as METADATA,
};
pub(crate) use oversize::OversizeLayer;

/// The services whose health is reported, besides the server as a whole.
pub(crate) const HEALTH_NAMES: [&str; 3] = [TASKS, METADATA, "grpc.health.v1.Health"];

/// Every service on the gRPC port.
///
/// # Errors
/// Descriptors that do not decode, which would be a broken build.
pub(crate) fn routes(
    dispatcher: Arc<Dispatcher>,
    registry: &Registry,
    health: health::HealthTable,
    limits: &Limits,
) -> Result<Routes, tonic_reflection::server::Error> {
    let tasks =
        AsyncConnectorServiceServer::new(task_service::TaskService::new(dispatcher, limits))
            .max_decoding_message_size(limits.max_request_bytes)
            .max_encoding_message_size(usize::MAX);
    let metadata = metadata_service::MetadataService::new(registry, limits.texts());
    let metadata = ConnectorMetadataServiceServer::new(metadata);
    Ok(Routes::new(tasks)
        .add_service(metadata)
        .add_service(HealthServer::new(health::HealthService::new(health, limits.texts())))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
