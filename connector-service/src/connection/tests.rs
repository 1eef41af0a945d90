//! Calls on one connection of a server on real sockets: behind one that blocks, given up, cut short, at the
//! end of the server. Where threads block, time is real.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use connector_core::Registry;
use connector_core::prelude::*;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::pb::async_connector_service_client::AsyncConnectorServiceClient;
use crate::pb::{GetTaskRequest, TaskCategory};
use crate::shutdown::Ended;
use crate::{Limits, Server};

const SECOND: Duration = Duration::from_secs(1);
/// More steps than earn a connector its place on the server's threads.
const MANY: usize = 600;

/// Polls of it are answered at once; wait for ever, if the job's name begins with `never`; or, if it is called
/// `block`, hold their thread until the test lets go of it.
#[derive(Debug)]
struct Holding {
    began: mpsc::Sender<()>,
    release: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl ConnectorSpec for Holding {
    const NAME: &'static str = "Holding";
    const TASK_TYPES: &'static [&'static str] = &["holding"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = ();
    type Inputs = ();
    type Outputs = ();
    type Connection = ();
}

impl AsyncConnector for Holding {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("quick"))
    }

    async fn get(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        match job.job_id.as_str() {
            "block" => {
                self.began.send(()).expect("the test listens");
                self.release.lock().expect("no panic").recv().ok();
            }
            never if never.starts_with("never") => {
                self.began.send(()).expect("the test listens");
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        Ok(Resource::running().message(&job.job_id))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// A server with threads of its own, as a process is.
struct Serving {
    address: SocketAddr,
    began: mpsc::Receiver<()>,
    release: mpsc::Sender<()>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Ended>,
    runtime: Runtime,
}

impl Serving {
    async fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        let (begin, began) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let holding = Holding { began: begin, release: Arc::new(Mutex::new(released)) };
        let registry = Registry::builder().register(holding).build().await.unwrap();
        let limits = Limits { max_call: 60 * SECOND, ..Limits::default() };
        let server = Server::builder().registry(registry).limits(limits).build();
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, at) = oneshot::channel();
        let served = runtime.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            server.serve(listener, None, async { drop(stopped.await) }).await.unwrap()
        });
        Self { address: at.await.unwrap(), began, release, stop, served, runtime }
    }

    async fn connect(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// A connection on which the connector has earned the server's trust.
    async fn trusting(&self) -> Channel {
        let channel = self.connect().await;
        for _ in 0..MANY {
            assert_eq!(get(channel.clone(), "quick").await.unwrap(), "quick");
        }
        channel
    }

    async fn begun(&self) {
        // Without holding up the calls of this test.
        while self.began.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
    }

    fn end(self) {
        self.runtime.shutdown_background();
    }
}

async fn get(channel: Channel, job: &str) -> Result<String, Status> {
    let request = GetTaskRequest {
        resource_meta: format!(r#"{{"job_id": "{job}"}}"#).into(),
        task_category: Some(TaskCategory { name: "holding".to_owned(), version: 0 }),
        ..Default::default()
    };
    let answer = AsyncConnectorServiceClient::new(channel).get_task(Request::new(request)).await?;
    Ok(answer.into_inner().resource.expect("a state").message)
}

#[tokio::test]
async fn calls_behind_one_that_blocks_are_answered_on_its_connection() {
    let server = Serving::start().await;
    let channel = server.trusting().await;
    // Together, so that some wait behind it.
    let stuck = tokio::spawn(get(channel.clone(), "block"));
    let others = (0..50).map(|_| get(channel.clone(), "quick"));
    for answer in timeout(5 * SECOND, join_all(others)).await.expect("nobody waits for it") {
        assert_eq!(answer.unwrap(), "quick");
    }
    server.begun().await;
    for _ in 0..20 {
        let answer = timeout(5 * SECOND, get(channel.clone(), "quick")).await;
        assert_eq!(answer.expect("nobody waits for it").unwrap(), "quick");
    }
    assert!(!stuck.is_finished());
    server.release.send(()).unwrap();
    assert_eq!(stuck.await.unwrap().unwrap(), "block");
    server.end();
}

#[tokio::test]
async fn calls_that_are_given_up_leave_the_connection_to_the_others() {
    let server = Serving::start().await;
    let channel = server.trusting().await;
    for round in 0..5 {
        // Of different jobs: polls of one are one question.
        let given_up = (0..100).map(|number| {
            let (channel, job) = (channel.clone(), format!("never-{round}-{number}"));
            tokio::spawn(async move { get(channel, &job).await })
        });
        let given_up: Vec<_> = given_up.collect();
        for _ in 0..16 {
            server.begun().await;
        }
        given_up.iter().for_each(JoinHandle::abort);
        let answer = timeout(5 * SECOND, get(channel.clone(), "quick")).await;
        assert_eq!(answer.expect("there is room").unwrap(), "quick");
    }
    server.end();
}

#[tokio::test]
async fn a_caller_whose_time_is_over_is_told_also_over_half_a_request() {
    let server = Serving::start().await;
    let (_body, rest) = tokio::sync::mpsc::unbounded_channel::<GetTaskRequest>();
    let mut client = tonic::client::Grpc::new(server.connect().await);
    client.ready().await.unwrap();
    let mut request = Request::new(tokio_stream::wrappers::UnboundedReceiverStream::new(rest));
    request.set_timeout(Duration::from_millis(50));
    let path = "/flyteidl2.connector.AsyncConnectorService/GetTask";
    let path = http::uri::PathAndQuery::from_static(path);
    let codec = tonic_prost::ProstCodec::<_, crate::pb::GetTaskResponse>::default();
    let late = client.client_streaming(request, path, codec).await.unwrap_err();
    assert!(matches!(late.code(), Code::Cancelled | Code::DeadlineExceeded), "{late:?}");
    server.end();
}

#[tokio::test]
async fn a_peer_that_sends_no_more_or_leaves_disturbs_nobody() {
    let server = Serving::start().await;
    let channel = server.trusting().await;
    // Begun, and a request of which only the headers came: then no more is sent, or the peer is gone.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for half_closes in [true, false] {
        let mut peer = TcpStream::connect(server.address).await.unwrap();
        peer.write_all(preface).await.unwrap();
        // A HEADERS frame without the end of the stream: POST http / with indexed names.
        peer.write_all(b"\0\0\x04\x01\x04\0\0\0\x01\x83\x86\x84\x41").await.ok();
        if half_closes {
            peer.shutdown().await.unwrap();
            let mut read = Vec::new();
            timeout(5 * SECOND, peer.read_to_end(&mut read)).await.expect("closed").ok();
        }
        drop(peer);
        assert_eq!(get(channel.clone(), "quick").await.unwrap(), "quick");
    }
    server.end();
}

#[tokio::test]
async fn the_end_of_the_server_waits_for_a_call_that_blocks_and_for_those_behind_it() {
    let server = Serving::start().await;
    let channel = server.trusting().await;
    let stuck = tokio::spawn(get(channel.clone(), "block"));
    server.begun().await;
    let others = (0..50).map(|_| tokio::spawn(get(channel.clone(), "quick"))).collect::<Vec<_>>();
    let Serving { stop, served, release, runtime, .. } = server;
    for other in others {
        assert_eq!(other.await.unwrap().unwrap(), "quick");
    }
    stop.send(()).unwrap();
    // The call goes on while the server waits for it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!stuck.is_finished() && !served.is_finished());
    release.send(()).unwrap();
    assert_eq!(stuck.await.unwrap().unwrap(), "block");
    drop(channel);
    assert_eq!(served.await.unwrap(), Ended::default());
    runtime.shutdown_background();
}
