//! How often a call asks for memory. A figure like this does not depend on the machine, so it is a test and
//! no measurement: what a change adds to every call shows here first.
//! A server on one thread is counted; its caller is another one.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly, and so may what they share")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;

use connector_core::pb::{
    NodeExecutionIdentifier, TaskExecutionIdentifier, TaskTemplate, WorkflowExecutionIdentifier,
    task,
};
use connector_core::{Registry, literal};
use connector_examples::batch_job::BatchJobConnector;
use connector_service::Server;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::{
    CreateTaskRequest, GetTaskRequest, TaskCategory, TaskExecutionMetadata,
};
use futures_util::future::join_all;
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tonic::transport::{Channel, Endpoint};

/// Calls at a time on the one connection.
const STREAMS: usize = 16;
/// What a poll of a job asks for, hyper and tonic included. The same connector by hand against tonic
/// asks 51 times.
const GET: f64 = 35.0;
/// What a create asks for that names no attempt, and one of an attempt that is remembered.
const CREATE: f64 = 51.0;
const CREATE_ATTEMPT: f64 = 61.0;

type Tasks = AsyncConnectorServiceClient<Channel>;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// How often a server asks for memory while it lives through so many rounds of calls.
fn asked_for(rounds: usize, call: impl AsyncFn(&mut Tasks) + Clone + Send + 'static) -> u64 {
    let (bound, at) = mpsc::channel::<SocketAddr>();
    let (stop, stopped) = oneshot::channel::<()>();
    let caller = thread::spawn(move || {
        let endpoint = Endpoint::from_shared(format!("http://{}", at.recv().unwrap())).unwrap();
        runtime().block_on(async move {
            let tasks = Tasks::new(endpoint.connect().await.unwrap());
            for _ in 0..rounds {
                let calls = std::iter::repeat_n(tasks.clone(), STREAMS);
                join_all(calls.map(|mut tasks| {
                    let call = call.clone();
                    async move { call(&mut tasks).await }
                }))
                .await;
            }
            drop(tasks);
            stop.send(()).unwrap();
        });
    });
    let asked = allocation_counter::measure(|| {
        runtime().block_on(async {
            let registry = Registry::builder().register(BatchJobConnector).build().await.unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            // On one thread: what a connector's own threads ask for would not be counted.
            let server = Server::builder().registry(registry).without_isolation().build();
            server.serve(listener, None, async { stopped.await.unwrap() }).await.unwrap();
        });
    });
    caller.join().unwrap();
    asked.count_total
}

/// How often one more call asks for memory.
fn per_call(call: impl AsyncFn(&mut Tasks) + Clone + Send + 'static) -> f64 {
    const FEW: usize = 50;
    const MORE: usize = 250;
    let (few, more) = (asked_for(FEW, call.clone()), asked_for(MORE, call));
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let per_call = (more - few) as f64 / ((MORE - FEW) * STREAMS) as f64;
    per_call
}

#[test]
fn a_poll_asks_for_memory_no_oftener_than_it_did() {
    const JOB: &str =
        r#"{"job_id": "0a1b2c3d", "created_at": 4000000000.0, "duration_seconds": 3600.0}"#;
    let asked = per_call(async |tasks: &mut Tasks| {
        let request = GetTaskRequest {
            resource_meta: JOB.into(),
            task_category: Some(TaskCategory { name: "batch_job".to_owned(), version: 0 }),
            output_prefix: "s3://bucket/ab/run/action/0".to_owned(),
            ..Default::default()
        };
        tasks.get_task(request).await.unwrap();
    });
    assert!(asked <= GET, "{asked} times");
}

#[test]
fn a_create_asks_for_memory_no_oftener_than_it_did() {
    let asked = per_call(async |tasks: &mut Tasks| {
        tasks.create_task(create(0)).await.unwrap();
    });
    assert!(asked <= CREATE, "{asked} times");
}

#[test]
fn a_create_of_an_attempt_asks_for_memory_no_oftener_than_it_did() {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let asked = per_call(async |tasks: &mut Tasks| {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        tasks.create_task(create(number)).await.unwrap();
    });
    assert!(asked <= CREATE_ATTEMPT, "{asked} times");
}

/// A request of the size the executor sends. With a number it names an attempt, and another one each.
fn create(number: u32) -> CreateTaskRequest {
    let text = |text: &str| text.to_owned();
    let duration = Value { kind: Some(Kind::NumberValue(3_600.0)) };
    let execution = WorkflowExecutionIdentifier {
        project: text("project"),
        domain: text("domain"),
        name: format!("r{number:016x}"),
        org: text("organization"),
    };
    let attempt = TaskExecutionIdentifier {
        node_execution_id: Some(NodeExecutionIdentifier {
            node_id: text("a0"),
            execution_id: Some(execution),
        }),
        ..Default::default()
    };
    let label = |key: &str| (text(key), text("some value"));
    CreateTaskRequest {
        inputs: Some(task::Inputs {
            literals: vec![task::NamedLiteral {
                name: text("name"),
                value: Some(literal::string("some input of a task")),
            }],
            ..Default::default()
        }),
        template: Some(Box::new(TaskTemplate {
            r#type: text("batch_job"),
            custom: Some(Struct { fields: [(text("duration_seconds"), duration)].into() }),
            ..Default::default()
        })),
        output_prefix: text("s3://bucket/ab/run/action/0"),
        task_execution_metadata: Some(Box::new(TaskExecutionMetadata {
            task_execution_id: (number > 0).then_some(attempt),
            namespace: text("project-domain"),
            labels: ["organization", "project", "domain", "run", "action"].map(label).into(),
            ..Default::default()
        })),
        connection: None,
    }
}
