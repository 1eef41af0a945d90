//! The three calls the executor makes, with its deadlines and size limit.
//! `attempt` makes them; the channel can be exchanged between two calls, as a rollout does.
//! No rule about what an answer means lives here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use tokio::time::Instant;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use super::rules::ExecutorRules;

/// The executor's connections to the connector service: one, or one for each replica.
#[derive(Debug)]
pub(crate) struct Wire {
    /// One, and others beside it.
    channels: RwLock<(Channel, Vec<Channel>)>,
    calls: AtomicUsize,
}

/// All that the executor keeps of an attempt once its create was answered; nothing else survives its
/// restart.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) resource_meta: Bytes,
    pub(crate) category: pb::TaskCategory,
    pub(crate) output_prefix: String,
    pub(crate) connection: core_pb::Connection,
}

impl Wire {
    pub(crate) const fn new(channel: Channel) -> Self {
        Self { channels: RwLock::new((channel, Vec::new())), calls: AtomicUsize::new(0) }
    }

    /// Sends every later call there.
    pub(crate) fn switch(&self, channel: Channel) {
        self.spread(channel, Vec::new());
    }

    /// Sends later calls to that one and to others in turn.
    pub(crate) fn spread(&self, channel: Channel, others: Vec<Channel>) {
        *self.channels.write().unwrap_or_else(PoisonError::into_inner) = (channel, others);
    }

    fn client(&self, rules: &ExecutorRules) -> AsyncConnectorServiceClient<Channel> {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        let (first, others) = &*channels;
        let turn = self.calls.fetch_add(1, Ordering::Relaxed) % (others.len() + 1);
        let channel = others.get(turn).unwrap_or(first).clone();
        drop(channels);
        AsyncConnectorServiceClient::new(channel)
            .max_decoding_message_size(rules.max_answer_bytes)
            .max_encoding_message_size(usize::MAX)
    }

    pub(crate) async fn create(
        &self,
        rules: &ExecutorRules,
        request: pb::CreateTaskRequest,
        deadline: Option<Duration>,
    ) -> Result<Bytes, Status> {
        let mut client = self.client(rules);
        let answer = within(deadline, request, |request| client.create_task(request)).await?;
        Ok(answer.resource_meta)
    }

    pub(crate) async fn get(
        &self,
        rules: &ExecutorRules,
        stored: &Stored,
    ) -> Result<pb::GetTaskResponse, Status> {
        let mut client = self.client(rules);
        let Stored { resource_meta, category, output_prefix, connection } = stored.clone();
        let request = pb::GetTaskRequest {
            resource_meta,
            task_category: Some(category),
            output_prefix,
            connection: Some(connection),
        };
        within(rules.get_deadline, request, |request| client.get_task(request)).await
    }

    pub(crate) async fn delete(
        &self,
        rules: &ExecutorRules,
        stored: &Stored,
    ) -> Result<(), Status> {
        let mut client = self.client(rules);
        let Stored { resource_meta, category, connection, .. } = stored.clone();
        let request = pb::DeleteTaskRequest {
            resource_meta,
            task_category: Some(category),
            connection: Some(connection),
        };
        within(rules.delete_deadline, request, |request| client.delete_task(request))
            .await
            .map(|pb::DeleteTaskResponse {}| ())
    }
}

/// Tells the server the deadline and leaves when it passes, as the executor does.
async fn within<T, A, F>(
    deadline: Option<Duration>,
    message: T,
    call: impl FnOnce(Request<T>) -> F,
) -> Result<A, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    let mut request = Request::new(message);
    let answer = match deadline {
        None => call(request).await,
        Some(deadline) => {
            request.set_timeout(deadline);
            let leaves = Instant::now() + deadline;
            let answer = tokio::time::timeout_at(leaves, call(request)).await;
            // The transport keeps time as well, and calls it by another code.
            match answer {
                Ok(answer) if answer.is_ok() || Instant::now() < leaves => answer,
                _ => Err(Status::deadline_exceeded("the executor waited no longer")),
            }
        }
    };
    answer.map(Response::into_inner)
}

/// A status as people read it.
pub(crate) fn told(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}
