//! The end of a server over memory, on paused time: what is still served, what is waited for and for how long,
//! what counts as cut off.

use std::time::Duration;

use connector_core::Registry;
use connector_core::pb as core_pb;
use connector_core::prelude::*;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::service_fn;

use crate::pb::async_connector_service_client::AsyncConnectorServiceClient;
use crate::pb::{CreateTaskRequest, GetTaskRequest, TaskCategory};
use crate::shutdown::Ended;
use crate::{Limits, Server};

const SECOND: Duration = Duration::from_secs(1);

/// Its jobs are made at once or never, as their settings say; a poll is never answered.
#[derive(Debug)]
struct Sleepy;

impl ConnectorSpec for Sleepy {
    const NAME: &'static str = "Sleepy";
    const TASK_TYPES: &'static [&'static str] = &["sleepy"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = DynamicConfig;
    type Inputs = ();
    type Outputs = ();
    type Connection = ();
}

impl AsyncConnector for Sleepy {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        if task.config.boolean("never")?.unwrap_or_default() {
            std::future::pending::<()>().await;
        }
        Ok(JobId::new("j"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        std::future::pending().await
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// A server over memory, and what ends it.
struct Serving {
    connections: mpsc::UnboundedSender<DuplexStream>,
    stop: oneshot::Sender<()>,
    hurry: oneshot::Sender<()>,
    served: JoinHandle<Ended>,
}

impl Serving {
    async fn start(limits: Limits) -> Self {
        let (connections, incoming) = mpsc::unbounded_channel();
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
        let (stop, stopped) = oneshot::channel::<()>();
        let (hurry, hurried) = oneshot::channel::<()>();
        let registry = Registry::builder().register(Sleepy).build().await.unwrap();
        let server =
            Server::builder().registry(registry).limits(limits).without_isolation().build();
        let told = |told: oneshot::Receiver<()>| async {
            if told.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let served = server.serve_until(incoming, None, told(stopped), told(hurried));
        let served = tokio::spawn(async { served.await.unwrap() });
        Self { connections, stop, hurry, served }
    }

    /// The near end of a new connection.
    fn connect(&self) -> DuplexStream {
        let (near, far) = duplex(64 * 1024);
        self.connections.send(far).expect("it takes connections");
        near
    }

    fn channel(&self) -> Channel {
        let connections = self.connections.clone();
        let connect = service_fn(move |_uri| {
            let (near, far) = duplex(64 * 1024);
            let sent = connections.send(far).map_err(std::io::Error::other);
            async { sent.map(|()| TokioIo::new(near)) }
        });
        Endpoint::from_static("http://memory.invalid").connect_with_connector_lazy(connect)
    }

    /// Tells it to stop, and waits until it has: what was cut off, and how long that took.
    async fn ended(self) -> (Ended, Duration) {
        let began = Instant::now();
        self.stop.send(()).unwrap();
        let ended = self.served.await.unwrap();
        (ended, began.elapsed())
    }
}

async fn create(channel: &Channel, never: bool, seconds: u64) -> Result<(), Status> {
    let custom = serde_json::json!({ "never": never });
    let template = core_pb::TaskTemplate {
        r#type: "sleepy".to_owned(),
        custom: Some(connector_core::custom_info::json_to_struct(custom).unwrap()),
        ..Default::default()
    };
    let mut request = Request::new(CreateTaskRequest {
        template: Some(Box::new(template)),
        output_prefix: format!("s3://b/{seconds}"),
        ..Default::default()
    });
    request.set_timeout(Duration::from_secs(seconds));
    AsyncConnectorServiceClient::new(channel.clone()).create_task(request).await.map(drop)
}

async fn get(channel: Channel) -> Result<(), Status> {
    let request = GetTaskRequest {
        resource_meta: r#"{"job_id": "j"}"#.into(),
        task_category: Some(TaskCategory { name: "sleepy".to_owned(), version: 0 }),
        ..Default::default()
    };
    AsyncConnectorServiceClient::new(channel).get_task(request).await.map(drop)
}

async fn health(channel: &Channel) -> ServingStatus {
    let asked = HealthCheckRequest::default();
    HealthClient::new(channel.clone()).check(asked).await.unwrap().into_inner().status()
}

fn limits(lame_duck: Duration, grace: Duration) -> Limits {
    Limits { lame_duck, grace, max_call: 3_600 * SECOND, ..Limits::default() }
}

#[tokio::test(start_paused = true)]
async fn a_lame_duck_says_it_does_not_serve_and_serves_until_its_time_is_over() {
    let server = Serving::start(limits(5 * SECOND, 20 * SECOND)).await;
    let channel = server.channel();
    assert_eq!(health(&channel).await, ServingStatus::Serving);
    let began = Instant::now();
    server.stop.send(()).unwrap();
    sleep(SECOND).await;
    assert_eq!(health(&channel).await, ServingStatus::NotServing);
    create(&channel, false, 10).await.expect("calls are served as before");
    sleep(3 * SECOND).await;
    // Whoever has not seen it yet may even come anew.
    let (near, far) = duplex(64 * 1024);
    server.connections.send(far).expect("the port is open");
    sleep(2 * SECOND).await;
    let refused = create(&channel, false, 10).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    drop((channel, near));
    assert_eq!(server.served.await.unwrap(), Ended::default());
    assert!(began.elapsed() < 8 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_a_lame_duck_time_nothing_new_comes_in() {
    let server = Serving::start(limits(Duration::ZERO, 20 * SECOND)).await;
    let channel = server.channel();
    health(&channel).await;
    let connections = server.connections.clone();
    let (ended, took) = server.ended().await;
    assert_eq!(ended, Ended::default());
    assert!(took < SECOND, "nobody is waited for: {took:?}");
    assert!(connections.is_closed(), "the port is closed");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_does_not_stretch_the_end() {
    let server = Serving::start(limits(Duration::ZERO, 20 * SECOND)).await;
    // One says nothing at all, one has begun, one has begun a request and never ends it.
    let silent = server.connect();
    let mut begun = server.connect();
    begun.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let (body, rest) = mpsc::unbounded_channel::<GetTaskRequest>();
    let mut client = tonic::client::Grpc::new(server.channel());
    let half = tokio::spawn(async move {
        client.ready().await.unwrap();
        let request = Request::new(UnboundedReceiverStream::new(rest));
        let path = "/flyteidl2.connector.AsyncConnectorService/GetTask";
        let path = http::uri::PathAndQuery::from_static(path);
        let codec = tonic_prost::ProstCodec::<_, crate::pb::GetTaskResponse>::default();
        client.client_streaming(request, path, codec).await
    });
    health(&server.channel()).await;
    sleep(SECOND).await;
    let (ended, took) = server.ended().await;
    assert_eq!(ended, Ended::default());
    assert!(took <= SECOND, "{took:?}");
    half.abort();
    drop((silent, begun, body));
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_by_the_end_of_the_grace_time_is_counted() {
    let server = Serving::start(limits(Duration::ZERO, 20 * SECOND)).await;
    let channel = server.channel();
    let left = create(&channel, true, 3).await.unwrap_err();
    assert!(matches!(left.code(), Code::DeadlineExceeded | Code::Cancelled), "{left:?}");
    let poll = tokio::spawn(get(channel));
    sleep(SECOND).await;
    let (ended, took) = server.ended().await;
    assert_eq!((ended.cut_calls, ended.cut_creates), (1, 1));
    assert!(!ended.is_whole());
    assert!((20 * SECOND..23 * SECOND).contains(&took), "{took:?}");
    poll.abort();
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_a_second_time_waits_for_nothing() {
    for lame_duck in [Duration::ZERO, 3_600 * SECOND] {
        let server = Serving::start(limits(lame_duck, 3_600 * SECOND)).await;
        let poll = tokio::spawn(get(server.channel()));
        sleep(SECOND).await;
        let Serving { stop, hurry, served, connections } = server;
        let began = Instant::now();
        stop.send(()).unwrap();
        sleep(5 * SECOND).await;
        assert!(!served.is_finished());
        hurry.send(()).unwrap();
        assert_eq!(served.await.unwrap().cut_calls, 1);
        assert!(began.elapsed() < 6 * SECOND, "{:?}", began.elapsed());
        poll.abort();
        drop(connections);
    }
}
