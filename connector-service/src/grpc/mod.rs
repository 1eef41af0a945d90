//! The gRPC surface: which services are offered, with which limits and layers.
//! `server` asks for the routes; every service here decodes, hands over to `dispatch`, encodes.
//! No rule about failures lives here: those are in `connector-gate`, and their codes in `status`.

mod answer_size;
mod calls;
mod convert;
mod flyte1;
mod front;
pub(crate) mod health;
mod log_stream;
mod metadata_service;
mod oversize;
mod passed_logs;
mod reflection;
mod task_service;
mod timeout;
mod trace_parent;
mod untouched;
mod wire;

use std::sync::Arc;

use connector_gate::Dispatcher;
use tonic::codec::CompressionEncoding::{Deflate, Gzip};
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::pb::{v1, v1alpha};

use crate::limits::LiveLimits;
use crate::pb::async_connector_service_server::{
    AsyncConnectorServiceServer, SERVICE_NAME as TASKS,
};
use crate::pb::connector_metadata_service_server::{
    ConnectorMetadataServiceServer, SERVICE_NAME as METADATA,
};
pub(crate) use front::{Answering, Front, Unlayered};
pub(crate) use metadata_service::Listing;
use passed_logs::PassedLogs;
use reflection::Reflection;
pub(crate) use untouched::Untouched;
pub(crate) use wire::WireLayer;

/// The services whose health is reported, besides the server as a whole.
pub(crate) fn health_names<'a>() -> impl Iterator<Item = &'a str> {
    [TASKS, METADATA, "grpc.health.v1.Health"].into_iter().chain(flyte1::HEALTH_NAMES)
}

/// Every service on the gRPC port. Requests may come compressed, as the official service takes them;
/// unpacked they are no larger than others may be. Log pages go on in their own bytes where other services
/// are behind.
pub(crate) fn services(
    dispatcher: Arc<Dispatcher>,
    listing: Listing,
    health: health::HealthTable,
    limits: &LiveLimits,
    are_others_behind: bool,
) -> Unlayered {
    let calls = Arc::new(calls::Calls::new(dispatcher, limits.clone()));
    let limits = **limits.now();
    let service = Arc::new(task_service::TaskService::new(Arc::clone(&calls)));
    let passed_logs =
        are_others_behind.then(|| PassedLogs::new(Arc::clone(&service), limits.max_request_bytes));
    let tasks = AsyncConnectorServiceServer::from_arc(service)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate)
        .max_decoding_message_size(limits.max_request_bytes)
        .max_encoding_message_size(usize::MAX);
    let metadata = metadata_service::MetadataService::new(listing.clone(), limits.texts());
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
    let others = flyte1::add_to(others, &calls, listing, &limits);
    Unlayered { tasks, passed_logs, others }
}
