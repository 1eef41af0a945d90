//! Flyte 1 on the same port: its services, its clients beside those of Flyte 2, and what is different for it.

mod attempts;
mod services;
mod sync;
mod values;

use conformance_tests::Running;
use connector_service::pb;
use connector_service::pb::flyte1::agent_metadata_service_client::AgentMetadataServiceClient;
use connector_service::pb::flyte1::async_agent_service_client::AsyncAgentServiceClient;
use connector_service::pb::flyte1::{DeleteTaskRequest, GetTaskRequest};
use tonic::transport::Channel;

/// The task service of Flyte 1.
async fn agent(server: &Running) -> AsyncAgentServiceClient<Channel> {
    AsyncAgentServiceClient::new(server.channel().await)
}

/// The metadata service of Flyte 1.
async fn metadata(server: &Running) -> AgentMetadataServiceClient<Channel> {
    AgentMetadataServiceClient::new(server.channel().await)
}

fn get(task_type: &str, resource_meta: impl Into<bytes::Bytes>) -> GetTaskRequest {
    GetTaskRequest {
        resource_meta: resource_meta.into(),
        task_category: conformance_tests::running::category(task_type),
        ..Default::default()
    }
}

fn delete(task_type: &str, resource_meta: impl Into<bytes::Bytes>) -> DeleteTaskRequest {
    DeleteTaskRequest {
        resource_meta: resource_meta.into(),
        task_category: conformance_tests::running::category(task_type),
        ..Default::default()
    }
}

/// A job that Flyte 1 creates.
async fn created(server: &Running, request: pb::CreateTaskRequest) -> bytes::Bytes {
    let answer = agent(server).await.create_task(request).await.expect("a job");
    answer.into_inner().resource_meta
}

/// What Flyte 1 is told of a job.
async fn polled(server: &Running, request: GetTaskRequest) -> pb::Resource {
    let answer = agent(server).await.get_task(request).await.expect("a state");
    answer.into_inner().resource.expect("a resource")
}
