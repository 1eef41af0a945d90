//! Calls against a server: as many as it answers, or so many a second.
//! `compare` uses it, and `rounds` the requests; what the figures mean is told there.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use prost::Message as _;
use prost_types::{Struct, Value, value::Kind};
use tokio::time::{MissedTickBehavior, interval};
use tonic::transport::{Channel, Endpoint};

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `CreateTask` of a `batch_job`.
    Create,
    /// `CreateTask` of another attempt each time, as an executor has it.
    CreateDistinct,
    /// `GetTask` of one job, again and again.
    Get,
    /// `GetTask` of a new job each time.
    GetDistinct,
}

/// How it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As many calls as are answered.
    Full {
        /// Connections.
        connections: usize,
        /// Calls at a time on each.
        streams: usize,
    },
    /// So many calls a second, evenly, on one connection.
    Paced(u32),
}

/// As many calls as an executor of a large cluster has, on few connections.
pub const FULL: Shape = Shape::Full { connections: 16, streams: 16 };
/// As many connections as calls.
pub const ALONE: Shape = Shape::Full { connections: 64, streams: 1 };

/// The loads that a server is compared under, and built for, by their names.
pub const LOADS: [(&str, Call, Shape); 7] = [
    ("GetTask", Call::Get, FULL),
    ("CreateTask", Call::Create, FULL),
    ("GetTask, every job distinct", Call::GetDistinct, FULL),
    ("CreateTask, every attempt distinct", Call::CreateDistinct, FULL),
    ("GetTask, 64 connections, one call each", Call::Get, ALONE),
    ("GetTask, 25 a second", Call::Get, Shape::Paced(25)),
    ("GetTask, 100 a second", Call::Get, Shape::Paced(100)),
];

impl Shape {
    /// How many connections it needs.
    #[must_use]
    pub const fn connections(self) -> usize {
        match self {
            Self::Full { connections, .. } => connections,
            Self::Paced(_) => 1,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// How many calls were answered well.
    pub calls: u64,
    /// In what time.
    pub took: Duration,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;
type Tasks = AsyncConnectorServiceClient<Channel>;

/// Calls for `length`.
///
/// # Errors
/// A connection or a call fails.
///
/// # Cancel safety
/// Calls go on until they find their connection closed.
pub async fn run(
    address: &str,
    call: Call,
    shape: Shape,
    length: Duration,
) -> Result<Answered, Problem> {
    let endpoint = Endpoint::from_shared(address.to_owned())?.tcp_nodelay(true);
    let mut channels = Vec::new();
    for _ in 0..shape.connections() {
        channels.push(endpoint.connect().await?);
    }
    run_on(&channels, call, shape, length).await
}

/// Calls for `length` on connections that are there: as many as the shape has.
///
/// # Errors
/// There is no connection, or a call fails.
///
/// # Cancel safety
/// Calls go on until they find their connection closed.
pub async fn run_on(
    channels: &[Channel],
    call: Call,
    shape: Shape,
    length: Duration,
) -> Result<Answered, Problem> {
    match (shape, channels) {
        (Shape::Full { streams, .. }, _) => full(channels, call, streams, length).await,
        (Shape::Paced(per_second), [channel, ..]) => paced(channel, call, per_second, length).await,
        (Shape::Paced(_), []) => Err("there is no connection".into()),
    }
}

async fn full(
    channels: &[Channel],
    call: Call,
    streams: usize,
    length: Duration,
) -> Result<Answered, Problem> {
    let over = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let mut workers = Vec::new();
    for channel in channels {
        let tasks = AsyncConnectorServiceClient::new(channel.clone());
        for _ in 0..streams {
            let (over, count) = (Arc::clone(&over), Arc::clone(&count));
            workers.push(tokio::spawn(work(tasks.clone(), call, over, count)));
        }
    }
    let started = Instant::now();
    tokio::time::sleep(length).await;
    over.store(true, Ordering::Relaxed);
    let took = started.elapsed();
    let calls = count.load(Ordering::Relaxed);
    for worker in workers {
        worker.await??;
    }
    Ok(Answered { calls, took })
}

async fn work(
    mut tasks: Tasks,
    call: Call,
    over: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> Result<(), Problem> {
    let job = tasks.create_task(create(false)).await?.into_inner().resource_meta;
    while !over.load(Ordering::Relaxed) {
        once(&mut tasks, call, &job).await?;
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn paced(
    channel: &Channel,
    call: Call,
    per_second: u32,
    length: Duration,
) -> Result<Answered, Problem> {
    let mut tasks = AsyncConnectorServiceClient::new(channel.clone());
    let job = tasks.create_task(create(false)).await?.into_inner().resource_meta;
    let mut pace = interval(Duration::from_secs(1) / per_second);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let started = Instant::now();
    let mut calls = 0;
    while started.elapsed() < length {
        pace.tick().await;
        once(&mut tasks, call, &job).await?;
        calls += 1;
    }
    Ok(Answered { calls, took: started.elapsed() })
}

/// Polls jobs, each once, with so many polls under way at a time.
///
/// # Errors
/// A connection or a call fails.
///
/// # Cancel safety
/// Polls that were sent may be answered.
pub async fn polls(address: &str, jobs: Range<u32>, streams: usize) -> Result<(), Problem> {
    let channel = Endpoint::from_shared(address.to_owned())?.tcp_nodelay(true).connect().await?;
    let tasks = AsyncConnectorServiceClient::new(channel);
    let polls = stream::iter(jobs.map(|id| {
        let mut tasks = tasks.clone();
        async move { tasks.get_task(get(job(id))).await }
    }));
    polls.buffer_unordered(streams).try_for_each(|_answer| async { Ok(()) }).await?;
    Ok(())
}

async fn once(tasks: &mut Tasks, call: Call, job: &Bytes) -> Result<(), tonic::Status> {
    match call {
        Call::Create => tasks.create_task(create(false)).await.map(drop),
        Call::CreateDistinct => tasks.create_task(create(true)).await.map(drop),
        Call::Get => tasks.get_task(get(job.clone())).await.map(drop),
        Call::GetDistinct => tasks.get_task(get(distinct())).await.map(drop),
    }
}

/// A call as it is on the wire: the method, and the message of its request. `Get` asks about one job.
#[must_use]
pub fn encoded(call: Call) -> (&'static str, Vec<u8>) {
    match call {
        Call::Create => ("CreateTask", create(false).encode_to_vec()),
        Call::CreateDistinct => ("CreateTask", create(true).encode_to_vec()),
        Call::Get => ("GetTask", get(job(0)).encode_to_vec()),
        Call::GetDistinct => ("GetTask", get(distinct()).encode_to_vec()),
    }
}

/// A request of the size the executor sends: an interface, an input, the execution's identity.
/// One that is `distinct` names an attempt, and no other names the same.
fn create(distinct: bool) -> pb::CreateTaskRequest {
    let duration = Value { kind: Some(Kind::NumberValue(3_600.0)) };
    let text = |text: &str| text.to_owned();
    let label = |key: &str| (text(key), text("some value"));
    pb::CreateTaskRequest {
        inputs: Some(core_pb::task::Inputs {
            literals: vec![core_pb::task::NamedLiteral {
                name: text("name"),
                value: Some(connector_core::literal::string("some input of a task")),
            }],
            ..Default::default()
        }),
        template: Some(Box::new(core_pb::TaskTemplate {
            r#type: text("batch_job"),
            custom: Some(Struct { fields: [(text("duration_seconds"), duration)].into() }),
            ..Default::default()
        })),
        output_prefix: text("s3://bucket/ab/run/action/0"),
        task_execution_metadata: Some(Box::new(pb::TaskExecutionMetadata {
            task_execution_id: distinct.then(attempt),
            namespace: text("project-domain"),
            labels: ["organization", "project", "domain", "run", "action"].map(label).into(),
            ..Default::default()
        })),
        connection: None,
    }
}

/// Names an attempt as an executor does.
fn attempt() -> core_pb::TaskExecutionIdentifier {
    let execution = core_pb::WorkflowExecutionIdentifier {
        project: "project".to_owned(),
        domain: "domain".to_owned(),
        name: format!("r{:016x}", fastrand::u64(..)),
        org: "organization".to_owned(),
    };
    core_pb::TaskExecutionIdentifier {
        node_execution_id: Some(core_pb::NodeExecutionIdentifier {
            node_id: "a0".to_owned(),
            execution_id: Some(execution),
        }),
        ..Default::default()
    }
}

fn get(resource_meta: Bytes) -> pb::GetTaskRequest {
    pb::GetTaskRequest {
        resource_meta,
        task_category: Some(pb::TaskCategory { name: "batch_job".to_owned(), version: 0 }),
        output_prefix: "s3://bucket/ab/run/action/0".to_owned(),
        connection: None,
    }
}

fn distinct() -> Bytes {
    job(fastrand::u32(..))
}

/// The metadata of a job that runs: it begins in the future.
fn job(id: u32) -> Bytes {
    Bytes::from(format!(
        "{{\"job_id\": \"{id:08x}\", \"created_at\": 4000000000.0, \"duration_seconds\": 3600.0}}"
    ))
}
