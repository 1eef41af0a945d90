//! The server in Go and the one in Rust, asked the same: what the load of `compare` asks, what a whole run of a task
//! asks beside it, and what is wrong. Answers are compared decoded, as maps have no order on the wire.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::async_connector_service_server::AsyncConnectorServiceServer;
use interop_tests::absent::missing;
use prost::Message as _;
use serde::Deserialize;
use tokio::net::TcpListener;
use tonic::Code;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

use super::{NoServer, build};
use crate::load::{Call, encoded};
use crate::process::ServingProcess;

/// The program itself, whose `main` would print where it listens to nobody.
#[path = "../bin/bare_batch_job.rs"]
#[expect(dead_code, reason = "its `main` is not called here")]
mod bare;

type Tasks = AsyncConnectorServiceClient<Channel>;

/// Fields in the order that Flyte 2's own SDK writes them in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    job_id: String,
    created_at: f64,
    duration_seconds: f64,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_in_go_answers_as_the_one_in_rust() {
    // The folder of this program is `target/debug/deps`, or that of another profile.
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let program = match tokio::task::spawn_blocking(move || build(&target)).await.unwrap() {
        Ok(program) => program,
        Err(NoServer::Absent(why)) => return missing("the server in Go beside the bare one", &why),
        Err(NoServer::Broken(why)) => panic!("the server in Go does not build: {why}"),
    };
    let process = ServingProcess::start(&program, [""; 0]).await.unwrap();
    let mut go = client(process.address().to_owned()).await;
    let mut rust = rust().await;

    // Creates: each server's own identifier and time, and all else the same.
    for call in [Call::Create, Call::CreateDistinct] {
        let request: pb::CreateTaskRequest = decoded(call);
        let before = now();
        let metas = [
            go.create_task(request.clone()).await.unwrap().into_inner().resource_meta,
            rust.create_task(request).await.unwrap().into_inner().resource_meta,
        ];
        for meta in &metas {
            let read = created(meta, before);
            assert!((read.duration_seconds - 3_600.0).abs() < f64::EPSILON, "{read:?}");
        }
        // Both know the jobs of both.
        for meta in metas {
            let running = same_answer(&mut go, &mut rust, get(meta)).await;
            assert_eq!((running.phase, running.outputs), (2, None));
        }
    }
    // So many that an identifier which begins with zeros is among them.
    for _ in 0..100 {
        let request = pb::CreateTaskRequest::default();
        let plain = go.create_task(request).await.unwrap().into_inner().resource_meta;
        let read = created(&plain, 0.0);
        assert!((read.duration_seconds - 5.0).abs() < f64::EPSILON, "without settings: {read:?}");
    }

    // Polls of the load, and of a job that is done.
    for call in [Call::Get, Call::GetDistinct] {
        let running = same_answer(&mut go, &mut rust, decoded(call)).await;
        assert_eq!((running.phase, running.log_links.len()), (2, 1));
    }
    let done = r#"{"job_id": "0000002a", "created_at": 1000.25, "duration_seconds": 2.5}"#;
    let done = same_answer(&mut go, &mut rust, get(Bytes::from_static(done.as_bytes()))).await;
    assert_eq!((done.phase, done.message.as_str()), (3, "job 0000002a succeeded"));
    assert_eq!(done.outputs.map(|outputs| outputs.literals.len()), Some(1));

    // What is wrong, and what is not measured.
    let no_meta = get(Bytes::from_static(b"no metadata"));
    let refused = [go.get_task(no_meta.clone()).await.err(), rust.get_task(no_meta).await.err()];
    assert_eq!(refused.map(|status| status.map(|status| status.code())), [Some(Code::Internal); 2]);
    for tasks in [&mut go, &mut rust] {
        tasks.delete_task(pb::DeleteTaskRequest::default()).await.unwrap();
        let metrics = tasks.get_task_metrics(pb::GetTaskMetricsRequest::default()).await;
        let metrics = metrics.unwrap_err();
        assert_eq!((metrics.code(), metrics.message()), (Code::Unimplemented, "not measured"));
        let logs = match tasks.get_task_logs(pb::GetTaskLogsRequest::default()).await {
            Ok(stream) => stream.into_inner().message().await.unwrap_err(),
            Err(status) => status,
        };
        assert_eq!((logs.code(), logs.message()), (Code::Unimplemented, "not measured"));
    }
    process.end().await.unwrap();
}

/// The service in Rust, for as long as the test's runtime lives.
async fn rust() -> Tasks {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let service = AsyncConnectorServiceServer::new(bare::BatchJob);
    let server = Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    client(format!("http://{address}")).await
}

async fn client(address: String) -> Tasks {
    let endpoint = Endpoint::from_shared(address).expect("an address");
    Tasks::new(endpoint.connect().await.expect("it listens"))
}

/// A request of the load.
fn decoded<T: prost::Message + Default>(call: Call) -> T {
    T::decode(&*encoded(call).1).expect("the load's own request")
}

fn get(resource_meta: Bytes) -> pb::GetTaskRequest {
    pb::GetTaskRequest { resource_meta, ..decoded(Call::Get) }
}

/// What both answer to a poll, which must be the same, in as many bytes.
async fn same_answer(
    go: &mut Tasks,
    rust: &mut Tasks,
    request: pb::GetTaskRequest,
) -> pb::Resource {
    let from_go = go.get_task(request.clone()).await.expect("Go answers").into_inner();
    let from_rust = rust.get_task(request).await.expect("Rust answers").into_inner();
    assert_eq!(from_go, from_rust);
    assert_eq!(from_go.encoded_len(), from_rust.encoded_len());
    from_go.resource.expect("a resource")
}

/// Metadata of a job that was created since then.
fn created(meta: &[u8], since: f64) -> Meta {
    let text = std::str::from_utf8(meta).expect("text");
    let at = |name: &str| text.find(&format!("\"{name}\":")).expect("all fields");
    assert!(at("job_id") < at("created_at") && at("created_at") < at("duration_seconds"), "{text}");
    let read: Meta = serde_json::from_str(text).expect("a JSON object of these fields");
    let hex =
        |id: &str| id.len() == 8 && id.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    assert!(hex(&read.job_id), "{text}");
    assert!((since..=now()).contains(&read.created_at), "{text}");
    read
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
