//! A fake of another service, in whose requests every byte is seen, for the tests of this room.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::StreamBody;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};

use crate::pb;

/// What is answered to a method.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Message(Bytes),
    Refusal(Code, &'static str),
    /// Nothing, for as long as somebody waits.
    Silence,
    /// Nothing, and no end: as from a process that is killed.
    Broken,
}

/// A service that answers as it is told. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Fake {
    asked: Arc<Mutex<Vec<(String, Bytes)>>>,
    answers: Arc<Mutex<HashMap<&'static str, Answer>>>,
}

impl Fake {
    /// One that lists a connector for the task type `theirs`, and for `echo`, which is linked here.
    pub(super) fn new() -> Self {
        let connector = |name: &str, task_type: &str| pb::Connector {
            name: name.to_owned(),
            supported_task_categories: vec![pb::TaskCategory {
                name: task_type.to_owned(),
                version: 0,
            }],
        };
        let connectors =
            vec![connector("Their Connector", "theirs"), connector("Echo Connector", "echo")];
        let fake = Self::default();
        fake.answer("ListConnectors", &pb::ListConnectorsResponse { connectors });
        fake
    }

    pub(super) fn answer(&self, method: &'static str, message: &impl Message) {
        self.set(method, Answer::Message(message.encode_to_vec().into()));
    }

    pub(super) fn set(&self, method: &'static str, answer: Answer) {
        self.answers.lock().unwrap().insert(method, answer);
    }

    /// What is answered to a method that is answered with a message.
    pub(super) fn message(&self, method: &str) -> Bytes {
        match self.answers.lock().unwrap().get(method) {
            Some(Answer::Message(message)) => message.clone(),
            other => panic!("{method} is answered with {other:?}"),
        }
    }

    /// The messages of a method, as they came.
    pub(super) fn asked(&self, method: &str) -> Vec<Bytes> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(of, _)| of == method).map(|(_, message)| message.clone()).collect()
    }

    async fn serve(&self, listener: TcpListener) {
        let routes = Router::new().fallback(reply).with_state(self.clone());
        tonic::transport::Server::builder()
            .add_routes(Routes::from(routes))
            .serve_with_incoming(TcpListenerStream::new(listener))
            .await
            .unwrap();
    }

    /// Serves on a port until the handle is aborted.
    pub(super) async fn start(&self, address: &str) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, fake) = (listener.local_addr().unwrap(), self.clone());
        (address, tokio::spawn(async move { fake.serve(listener).await }))
    }
}

async fn reply(State(fake): State<Fake>, request: Request) -> Response<axum::body::Body> {
    let method = request.uri().path().rsplit('/').next().unwrap().to_owned();
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    fake.asked.lock().unwrap().push((method.clone(), body.slice(5..)));
    let answer = fake.answers.lock().unwrap().get(method.as_str()).cloned();
    match answer {
        Some(Answer::Message(message)) => {
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            let framed = Bytes::from([&[0], &length[..], &message].concat());
            let end = HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-status"),
                HeaderValue::from_static("0"),
            )]);
            let frames = [http_body::Frame::data(framed), http_body::Frame::trailers(end)];
            let frames = stream::iter(frames.map(Ok::<_, Status>));
            let body = axum::body::Body::new(StreamBody::new(frames));
            Response::builder().header("content-type", "application/grpc").body(body).unwrap()
        }
        Some(Answer::Refusal(code, text)) => refused(&Status::new(code, text)),
        Some(Answer::Silence) => std::future::pending().await,
        Some(Answer::Broken) => {
            let error = std::io::Error::other("killed");
            let body = axum::body::Body::from_stream(stream::iter([Err::<Bytes, _>(error)]));
            Response::builder().header("content-type", "application/grpc").body(body).unwrap()
        }
        None => refused(&Status::unimplemented("")),
    }
}

fn refused(status: &Status) -> Response<axum::body::Body> {
    status.clone().into_http::<Body>().map(axum::body::Body::new)
}
