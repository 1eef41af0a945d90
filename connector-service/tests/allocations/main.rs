//! How often a call asks for memory. A figure like this does not depend on the machine, so it is a test and
//! no measurement: what a change adds to every call shows here first.
//! A server on one thread is counted; its caller is another one.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly, and so may what they share")]

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use connector_core::Registry;
use connector_examples::batch_job::BatchJobConnector;
use connector_service::Server;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::{GetTaskRequest, TaskCategory};
use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tonic::transport::{Channel, Endpoint};

/// Calls at a time on the one connection.
const STREAMS: usize = 16;
/// What a poll of a job asks for, hyper and tonic included. The same connector by hand against tonic
/// asks 51 times.
const GET: f64 = 35.0;

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
