//! `GetTaskLogs` of a server with other services behind it: their messages go on in their own bytes, which
//! no generated code can send. Everything else about the method is as in `task_service`, which answers
//! where nothing is behind.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http::Request;
use prost::Message;
use tonic::body::Body;
use tonic::codec::CompressionEncoding::{Deflate, Gzip};
use tonic::codec::EnabledCompressionEncodings;
use tonic::{Response, Status};
use tower::service_fn;

use super::log_stream::LogMessage;
use super::task_service::TaskService;
use super::untouched::Untouched;
use crate::pb::GetTaskLogsRequest;

/// The name of the method.
pub(super) const METHOD: &str = "GetTaskLogs";

/// What answers it. Clones share the service.
#[derive(Debug, Clone)]
pub(crate) struct PassedLogs {
    tasks: Arc<TaskService>,
    /// The largest request, in bytes, unpacked.
    most: usize,
}

impl PassedLogs {
    pub(super) fn new(tasks: Arc<TaskService>, most: usize) -> Self {
        Self { tasks, most }
    }

    pub(super) async fn answer(self, request: Request<Body>) -> http::Response<Body> {
        let Self { tasks, most } = self;
        let mut unpacked = EnabledCompressionEncodings::default();
        unpacked.enable(Gzip);
        unpacked.enable(Deflate);
        let method = service_fn(move |request: tonic::Request<Bytes>| {
            let tasks = Arc::clone(&tasks);
            async move { logs(&tasks, request).await }
        });
        tonic::server::Grpc::new(Untouched)
            .apply_compression_config(unpacked, EnabledCompressionEncodings::default())
            .apply_max_message_size_config(Some(most), Some(usize::MAX))
            .server_streaming(method, request)
            .await
    }
}

async fn logs(
    tasks: &TaskService,
    request: tonic::Request<Bytes>,
) -> Result<Response<impl futures_util::Stream<Item = Result<Bytes, Status>> + use<>>, Status> {
    let (headers, extensions, message) = request.into_parts();
    let message = GetTaskLogsRequest::decode(message)
        .map_err(|error| Status::internal(format!("the request cannot be read: {error}")))?;
    let request = tonic::Request::from_parts(headers, extensions, message);
    let messages = tasks.logs(request).await?;
    Ok(Response::new(messages.map_ok(LogMessage::into_bytes)))
}
