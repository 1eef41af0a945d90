//! The front of all services: finds the one that a request is for, and sees that its caller is answered in
//! time. `connection` calls it for every request.
//! Calls about tasks go straight to their service: a router for all of them would cost more than its work.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, Bytes, StdError};
use tonic::service::Routes;
use tower::util::{ServiceExt as _, option_layer};
use tower::{Layer as _, Service};

use super::oversize;
use super::passed_logs::{self, PassedLogs};
use super::task_service::TaskService;
use super::timeout::caller_timeout;
use super::wire::WireLayer;
use crate::layers::{LayeredService, Layers};
use crate::pb::async_connector_service_server::{AsyncConnectorServiceServer, SERVICE_NAME};

/// What every call about a task is answered by.
pub(crate) type Tasks = AsyncConnectorServiceServer<TaskService>;

/// Every service of the gRPC port, behind whatever an embedder put in front of them. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Front(Services);

#[derive(Debug, Clone)]
enum Services {
    /// Nothing stands in front.
    Bare(Unlayered),
    Layered(LayeredService),
}

/// The services by themselves.
#[derive(Debug, Clone)]
pub(crate) struct Unlayered {
    pub(super) tasks: Tasks,
    /// Where other services are behind.
    pub(super) passed_logs: Option<PassedLogs>,
    pub(super) others: Routes,
}

impl Front {
    /// These services, behind those layers; `wire` keeps requests in their own bytes.
    pub(crate) fn new(services: Unlayered, layers: &Layers, wire: Option<WireLayer>) -> Self {
        let services = Unlayered { others: services.others.prepare(), ..services };
        if layers.is_empty() && wire.is_none() {
            return Self(Services::Bare(services));
        }
        Self(Services::Layered(layers.layer(option_layer(wire).layer(services))))
    }

    /// The answer to a request of a peer. Layers find the peer among the request's extensions.
    pub(crate) fn answer<B, I>(&self, mut request: Request<B>, peer: &I) -> Answering
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send,
        I: Clone + Send + Sync + 'static,
    {
        let timeout = caller_timeout(request.headers());
        let answer = match &self.0 {
            Services::Bare(services) => services.answer(request),
            Services::Layered(layered) => {
                request.extensions_mut().insert(peer.clone());
                Box::pin(layered.clone().oneshot(request.map(Body::new)))
            }
        };
        Answering { answer, timeout, over: None }
    }
}

impl Unlayered {
    fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send,
    {
        let service = request.uri().path().get(1..).and_then(|path| path.split_once('/'));
        match (service, &self.passed_logs) {
            (Some((SERVICE_NAME, passed_logs::METHOD)), Some(logs)) => {
                Box::pin(logs.clone().answer(request.map(Body::new)).map(Ok))
            }
            (Some((SERVICE_NAME, _method)), _) => self.tasks.clone().call(request),
            _ => Box::pin(self.others.clone().call(request)),
        }
    }
}

impl Service<Request<Body>> for Unlayered {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        self.answer(request)
    }
}

type Answer = BoxFuture<'static, Result<Response<Body>, Infallible>>;

/// An answer on its way. A caller that set a timeout is told when it is over, whatever is still waited
/// for: half a request, for example.
pub(crate) struct Answering {
    answer: Answer,
    timeout: Option<Duration>,
    /// Most answers are there at once and need no timer.
    over: Option<Pin<Box<Sleep>>>,
}

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(Ok(answer)) = self.answer.as_mut().poll(cx) {
            return Poll::Ready(Ok(oversize::translate(answer)));
        }
        let Some(timeout) = self.timeout else { return Poll::Pending };
        let over = self.over.get_or_insert_with(|| Box::pin(sleep(timeout)));
        over.as_mut().poll(cx).map(|()| Ok(Status::cancelled("Timeout expired").into_http()))
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
