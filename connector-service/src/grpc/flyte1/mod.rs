//! The services of Flyte 1, where connectors are called agents: the same connectors, gates and messages.
//! `grpc` mounts them beside those of Flyte 2. Here is only what the two wires do not share: routes, the
//! list, calls that run a task. What is the same on both has one message type and is not converted.

mod convert;
mod metadata_service;
mod sync_service;
mod task_service;

use std::sync::Arc;

use tonic::codec::CompressionEncoding::{Deflate, Gzip};
use tonic::service::Routes;

use super::Listing;
use super::calls::Calls;
use crate::limits::Limits;
use crate::pb::flyte1::agent_metadata_service_server::{
    AgentMetadataServiceServer, SERVICE_NAME as METADATA,
};
use crate::pb::flyte1::async_agent_service_server::{
    AsyncAgentServiceServer, SERVICE_NAME as TASKS,
};
use crate::pb::flyte1::sync_agent_service_server::{SERVICE_NAME as SYNC, SyncAgentServiceServer};

/// The services whose health is reported.
pub(super) const HEALTH_NAMES: [&str; 3] = [TASKS, SYNC, METADATA];

/// Adds the services.
pub(super) fn add_to(
    routes: Routes,
    calls: &Arc<Calls>,
    listing: Listing,
    limits: &Limits,
) -> Routes {
    let tasks = task_service::AgentService::new(Arc::clone(calls));
    let tasks = AsyncAgentServiceServer::new(tasks)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate)
        .max_decoding_message_size(limits.max_request_bytes)
        .max_encoding_message_size(usize::MAX);
    let sync = sync_service::SyncService::new(Arc::clone(calls));
    let sync = SyncAgentServiceServer::new(sync)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate)
        .max_decoding_message_size(limits.max_request_bytes)
        .max_encoding_message_size(usize::MAX);
    let metadata = metadata_service::MetadataService::new(listing, limits.texts());
    let metadata = AgentMetadataServiceServer::new(metadata)
        .accept_compressed(Gzip)
        .accept_compressed(Deflate);
    routes.add_service(tasks).add_service(sync).add_service(metadata)
}
