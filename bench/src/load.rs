//! Calls against a server, as many as it answers, over a number of connections.
//! `throughput` uses it; what the figures mean is told there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use prost_types::{Struct, Value, value::Kind};
use tonic::transport::{Channel, Endpoint};

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `CreateTask` of a `batch_job`.
    Create,
    /// `GetTask` of one job, again and again.
    Get,
    /// `GetTask` of a new job each time.
    GetDistinct,
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

/// Calls for `length` over `connections`, one call at a time on each.
///
/// # Errors
/// A connection or a call fails.
pub async fn run(
    address: &str,
    call: Call,
    connections: usize,
    length: Duration,
) -> Result<Answered, Problem> {
    let endpoint = Endpoint::from_shared(address.to_owned())?.tcp_nodelay(true);
    let over = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let mut workers = Vec::new();
    for _ in 0..connections {
        let client = AsyncConnectorServiceClient::new(endpoint.connect().await?);
        let (over, count) = (Arc::clone(&over), Arc::clone(&count));
        workers.push(tokio::spawn(work(client, call, over, count)));
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
    mut client: AsyncConnectorServiceClient<Channel>,
    call: Call,
    over: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> Result<(), Problem> {
    let created = client.create_task(create()).await?.into_inner().resource_meta;
    while !over.load(Ordering::Relaxed) {
        match call {
            Call::Create => drop(client.create_task(create()).await?),
            Call::Get => drop(client.get_task(get(created.clone())).await?),
            Call::GetDistinct => drop(client.get_task(get(distinct())).await?),
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// A request of the size the executor sends: an interface, an input, the execution's identity.
fn create() -> pb::CreateTaskRequest {
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
            namespace: text("project-domain"),
            labels: ["organization", "project", "domain", "run", "action"].map(label).into(),
            ..Default::default()
        })),
        connection: None,
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
    // In the future, so that the job runs; the id is what differs.
    let meta = format!(
        "{{\"job_id\": \"{:08x}\", \"created_at\": 4000000000.0, \"duration_seconds\": 3600.0}}",
        fastrand::u32(..)
    );
    Bytes::from(meta)
}
