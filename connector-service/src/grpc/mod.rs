//! The gRPC surface: which services are offered, with which limits and layers.
//! `server` asks for the routes; every service here decodes, hands over to `dispatch`, encodes.
//! No rule about failures lives here: those are in `connector-gate`, and their codes in `status`.

mod answer_size;
mod convert;
mod front;
pub(crate) mod health;
mod log_stream;
mod metadata_service;
mod oversize;
mod reflection;
mod task_service;
mod timeout;
mod wire;

use std::sync::Arc;

use connector_gate::Dispatcher;
use tonic::codec::CompressionEncoding::{Deflate, Gzip};
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::pb::{v1, v1alpha};

use crate::limits::Limits;
use crate::pb::async_connector_service_server::{
    AsyncConnectorServiceServer, SERVICE_NAME as TASKS,
};
use crate::pb::connector_metadata_service_server::{
    ConnectorMetadataServiceServer, SERVICE_NAME as METADATA,
};
pub(crate) use front::{Answering, Front};
pub(crate) use metadata_service::Listing;
use reflection::Reflection;
pub(crate) use wire::WireLayer;

/// The services whose health is reported, besides the server as a whole.
pub(crate) const HEALTH_NAMES: [&str; 3] = [TASKS, METADATA, "grpc.health.v1.Health"];

/// Every service on the gRPC port: that of tasks, and the others. Requests may come compressed, as the
/// official service takes them; unpacked they are no larger than others may be.
pub(crate) fn services(
    dispatcher: Arc<Dispatcher>,
    listing: Listing,
    health: health::HealthTable,
    limits: &Limits,
) -> (front::Tasks, Routes) {
    let tasks = task_service::TaskService::new(dispatcher, limits);
    let tasks = AsyncConnectorServiceServer::new(tasks)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate)
        .max_decoding_message_size(limits.max_request_bytes)
        .max_encoding_message_size(usize::MAX);
    let metadata = metadata_service::MetadataService::new(listing, limits.texts());
    let metadata = ConnectorMetadataServiceServer::new(metadata)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate);
    let health = HealthServer::new(health::HealthService::new(health, limits.texts()))
        .accept_compressed(Gzip)
        .accept_compressed(Deflate);
    let reflection = v1::server_reflection_server::ServerReflectionServer::new(Reflection)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate);
    let old_reflection = v1alpha::server_reflection_server::ServerReflectionServer::new(Reflection)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate);
    let others = Routes::new(metadata)
        .add_service(health)
        .add_service(reflection)
        .add_service(old_reflection);
    (tasks, others)
}
