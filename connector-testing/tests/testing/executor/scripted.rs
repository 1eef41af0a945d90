//! A connector service that answers by script and writes down every call with its time.
//! The tests of the fake executor talk to it over a pipe in memory, on paused time.
//! It decides nothing by itself.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail loudly")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_service::pb;
use connector_service::pb::async_connector_service_server::{
    AsyncConnectorService, AsyncConnectorServiceServer,
};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_stream::{Empty, StreamExt as _};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tower::service_fn;

/// One scripted answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply<T> {
    /// This.
    Give(T),
    /// An error.
    Refuse,
    /// This, after a while.
    Late(Duration, T),
}

/// A call that came, and when, counted from the start of the test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    /// A create: attempt, and the order of the inputs.
    Create(u32, Vec<String>),
    /// A poll.
    Get(String),
    /// A delete.
    Delete(String),
}

/// The scripts. The last reply of each repeats.
#[derive(Debug)]
pub(crate) struct Scripted {
    started: Instant,
    creates: Mutex<VecDeque<Reply<String>>>,
    gets: Mutex<VecDeque<Reply<pb::GetTaskResponse>>>,
    deletes: Mutex<VecDeque<Reply<()>>>,
    calls: Mutex<Vec<(u64, Call)>>,
}

impl Scripted {
    /// A service with these scripts.
    pub(crate) fn new(
        creates: impl IntoIterator<Item = Reply<String>>,
        gets: impl IntoIterator<Item = Reply<pb::GetTaskResponse>>,
        deletes: impl IntoIterator<Item = Reply<()>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            creates: Mutex::new(creates.into_iter().collect()),
            gets: Mutex::new(gets.into_iter().collect()),
            deletes: Mutex::new(deletes.into_iter().collect()),
            calls: Mutex::default(),
        })
    }

    /// A service whose creates and deletes work.
    pub(crate) fn polled(gets: impl IntoIterator<Item = Reply<pb::GetTaskResponse>>) -> Arc<Self> {
        Self::new([Reply::Give("j".to_owned())], gets, [Reply::Give(())])
    }

    /// A channel to it.
    pub(crate) fn channel(self: &Arc<Self>) -> Channel {
        let (connections, incoming) = mpsc::unbounded_channel();
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
        let service = AsyncConnectorServiceServer::from_arc(Arc::clone(self));
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        Endpoint::from_static("http://in.memory").connect_with_connector_lazy(service_fn(
            move |_uri| {
                let (near, far) = tokio::io::duplex(64 * 1024);
                let sent = connections.send(far).map_err(std::io::Error::other);
                async { sent.map(|()| TokioIo::new(near)) }
            },
        ))
    }

    /// The calls that came, with their times in whole seconds.
    pub(crate) fn calls(&self) -> Vec<(u64, Call)> {
        self.calls.lock().unwrap().clone()
    }

    /// When calls of that kind came.
    pub(crate) fn times(&self, wanted: impl Fn(&Call) -> bool) -> Vec<u64> {
        self.calls().into_iter().filter(|(_, call)| wanted(call)).map(|(at, _)| at).collect()
    }

    fn note(&self, call: Call) {
        self.calls.lock().unwrap().push((self.started.elapsed().as_secs(), call));
    }

    async fn reply<T: Clone>(script: &Mutex<VecDeque<Reply<T>>>) -> Result<Response<T>, Status> {
        let reply = {
            let mut script = script.lock().unwrap();
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
        };
        match reply.expect("a script") {
            Reply::Give(answer) => Ok(Response::new(answer)),
            Reply::Refuse => Err(Status::internal("503")),
            Reply::Late(wait, answer) => {
                tokio::time::sleep(wait).await;
                Ok(Response::new(answer))
            }
        }
    }
}

/// A job in that phase.
pub(crate) fn phase(phase: i32) -> Reply<pb::GetTaskResponse> {
    let resource = pb::Resource { phase, message: "why".to_owned(), ..Default::default() };
    Reply::Give(pb::GetTaskResponse { resource: Some(resource) })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tonic::async_trait]
impl AsyncConnectorService for Scripted {
    async fn create_task(
        &self,
        request: Request<pb::CreateTaskRequest>,
    ) -> Result<Response<pb::CreateTaskResponse>, Status> {
        let request = request.into_inner();
        let id = request.task_execution_metadata.and_then(|told| told.task_execution_id);
        let inputs = request.inputs.unwrap_or_default().literals;
        let names = inputs.into_iter().map(|input| input.name).collect();
        self.note(Call::Create(id.map_or(u32::MAX, |id| id.retry_attempt), names));
        let answer = Self::reply(&self.creates).await?.into_inner();
        Ok(Response::new(pb::CreateTaskResponse { resource_meta: answer.into() }))
    }

    async fn get_task(
        &self,
        request: Request<pb::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        self.note(Call::Get(text(&request.into_inner().resource_meta)));
        Self::reply(&self.gets).await
    }

    async fn delete_task(
        &self,
        request: Request<pb::DeleteTaskRequest>,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        self.note(Call::Delete(text(&request.into_inner().resource_meta)));
        Self::reply(&self.deletes).await.map(|_| Response::new(pb::DeleteTaskResponse {}))
    }

    async fn get_task_metrics(
        &self,
        _request: Request<pb::GetTaskMetricsRequest>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        Err(Status::unimplemented("the executor does not ask"))
    }

    type GetTaskLogsStream = Empty<Result<pb::GetTaskLogsResponse, Status>>;

    async fn get_task_logs(
        &self,
        _request: Request<pb::GetTaskLogsRequest>,
    ) -> Result<Response<Self::GetTaskLogsStream>, Status> {
        Err(Status::unimplemented("the executor does not ask"))
    }
}
