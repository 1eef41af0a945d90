//! Another service behind a server of ours, by a fake of it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use connector_core::{Registry, pb as core_pb};
use connector_examples::echo::Echo;
use connector_gate::KnownSecrets;
use futures_util::TryStreamExt;
use prost::Message;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::fake::{Answer, Fake};
use super::{Address, Member, Pool, Source, Upstreams};
use crate::pb;
use crate::pb::async_connector_service_client::AsyncConnectorServiceClient;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use crate::pb::get_task_logs_response::Part;
use crate::{InProcess, Server};

/// A field that this version does not know.
const UNKNOWN: [u8; 6] = [0xf2, 0x3f, 0x03, b'n', b'e', b'w'];

/// A server of ours with echo linked in, and that service behind it.
async fn before(address: SocketAddr) -> InProcess {
    let pool = Pool::new(address.to_string());
    pool.add(member(address));
    behind(pool).await
}

fn member(address: SocketAddr) -> Arc<Member> {
    let address: Address = address.to_string().parse().unwrap();
    Member::new(address.channel().unwrap())
}

/// A server of ours with echo linked in, and that pool behind it.
async fn behind(pool: Arc<Pool>) -> InProcess {
    let mut registry = Registry::builder().register(Echo).build().await.unwrap();
    let upstreams = Upstreams::new(vec![Source::new(pool, Arc::new([]))]);
    upstreams.look(&mut registry).await;
    InProcess::serve(Server::builder().registry(registry).upstreams(upstreams).build())
}

fn category() -> Option<pb::TaskCategory> {
    Some(pb::TaskCategory { name: "theirs".to_owned(), version: 0 })
}

fn create(attempt: u32) -> pb::CreateTaskRequest {
    let id = core_pb::TaskExecutionIdentifier {
        node_execution_id: Some(core_pb::NodeExecutionIdentifier {
            node_id: "a0".to_owned(),
            execution_id: Some(core_pb::WorkflowExecutionIdentifier {
                name: "r1".to_owned(),
                ..Default::default()
            }),
        }),
        retry_attempt: attempt,
        ..Default::default()
    };
    let execution = pb::TaskExecutionMetadata { task_execution_id: Some(id), ..Default::default() };
    let template = core_pb::TaskTemplate { r#type: "theirs".to_owned(), ..Default::default() };
    pb::CreateTaskRequest {
        template: Some(template.into()),
        output_prefix: "s3://b/o".to_owned(),
        task_execution_metadata: Some(execution.into()),
        ..Default::default()
    }
}

fn get() -> pb::GetTaskRequest {
    pb::GetTaskRequest {
        resource_meta: Bytes::from_static(b"\x80job"),
        task_category: category(),
        ..Default::default()
    }
}

fn state(phase: core_pb::task_execution::Phase, message: &str) -> pb::GetTaskResponse {
    let resource =
        pb::Resource { phase: phase.into(), message: message.to_owned(), ..Default::default() };
    pb::GetTaskResponse { resource: Some(resource) }
}

fn tasks(server: &InProcess) -> AsyncConnectorServiceClient<Channel> {
    AsyncConnectorServiceClient::new(server.channel())
}

async fn health(server: &InProcess, name: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest { service: name.to_owned() };
    let answer = HealthClient::new(server.channel()).check(request).await;
    answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

/// Watches the health of a name until it is that.
async fn until(server: &InProcess, name: &str, status: ServingStatus) {
    let request = HealthCheckRequest { service: name.to_owned() };
    let mut seen = HealthClient::new(server.channel()).watch(request).await.unwrap().into_inner();
    while seen.message().await.unwrap().unwrap().status() != status {}
}

async fn listed(server: &InProcess) -> Vec<(String, Vec<String>)> {
    let mut client = ConnectorMetadataServiceClient::new(server.channel());
    let answer = client.list_connectors(pb::ListConnectorsRequest {}).await.unwrap();
    let named = answer.into_inner().connectors.into_iter().map(|connector| {
        let types = connector.supported_task_categories.into_iter();
        (connector.name, types.map(|category| category.name).collect())
    });
    named.collect()
}

#[tokio::test]
async fn what_is_not_linked_is_served_as_if_it_were() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(address).await;
    let theirs = |name: &str, types: &[&str]| {
        (name.to_owned(), types.iter().map(|&it| it.to_owned()).collect::<Vec<_>>())
    };
    let expected = [theirs("Echo Connector", &["echo"]), theirs("Their Connector", &["theirs"])];
    assert_eq!(listed(&server).await, expected, "of two with one type the linked one serves");
    assert_eq!(health(&server, "Their Connector").await, Ok(ServingStatus::Serving));

    fake.answer(
        "CreateTask",
        &pb::CreateTaskResponse { resource_meta: Bytes::from_static(b"\x80m") },
    );
    let created = tasks(&server).create_task(create(0)).await.unwrap().into_inner();
    assert_eq!(created.resource_meta, &b"\x80m"[..]);
    let again = tasks(&server).create_task(create(0)).await.unwrap().into_inner();
    assert_eq!(again, created);
    assert_eq!(fake.asked("CreateTask").len(), 1, "one attempt, one job");

    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Succeeded, "fine"));
    let seen = tasks(&server).get_task(get()).await.unwrap().into_inner().resource.unwrap();
    assert_eq!((seen.message.as_str(), seen.outputs), ("fine", None));
    fake.answer("DeleteTask", &pb::DeleteTaskResponse {});
    let delete = pb::DeleteTaskRequest {
        resource_meta: get().resource_meta,
        task_category: category(),
        ..Default::default()
    };
    tasks(&server).delete_task(delete.clone()).await.unwrap();
    assert_eq!(fake.asked("DeleteTask"), [delete.encode_to_vec()]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn of_two_with_one_type_it_is_told_who_serves() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let pools = ["one", "other"].map(|name| Pool::new(name.to_owned()));
    pools.iter().for_each(|pool| pool.add(member(address)));
    let sources = pools.map(|pool| Source::new(pool, Arc::new([])));
    let mut registry = Registry::builder().register(Echo).build().await.unwrap();
    let notes = Upstreams::new(sources.into()).look(&mut registry).await;
    assert!(notes.missing.is_empty(), "{notes:?}");
    let serves = notes.unasked.iter().map(|note| note.split_once("; ").unwrap());
    let ours = "the connector that is linked in serves it";
    let told = [ours, "one serves it", ours];
    assert!(serves.map(|(_, who)| who).eq(told), "{notes:?}");
}

#[tokio::test]
async fn a_request_goes_on_byte_for_byte() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(address).await;
    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Running, ""));
    // Known fields in no order that this version would write, and one that it does not know.
    let mut message = get().encode_to_vec();
    message.splice(0..0, UNKNOWN);
    let passed =
        super::pass::Passed { method: "GetTask", message: message.clone().into(), within: None };
    passed.unary::<pb::GetTaskResponse>(server.channel()).await.unwrap();
    assert_eq!(fake.asked("GetTask"), [message]);

    // Packed on its way to us, it is the same.
    let mut packing = tasks(&server).send_compressed(tonic::codec::CompressionEncoding::Gzip);
    packing.get_task(pb::GetTaskRequest { output_prefix: "p".repeat(99), ..get() }).await.unwrap();
    let sent = pb::GetTaskRequest { output_prefix: "p".repeat(99), ..get() }.encode_to_vec();
    assert_eq!(fake.asked("GetTask").last().unwrap(), &sent);
}

#[tokio::test]
async fn log_pages_go_on_byte_for_byte_unless_a_secret_is_in_them() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(address).await;
    let line = |message: &str, pod: &str| {
        let (message, short_pod_name) = (message.to_owned(), pod.to_owned());
        core_pb::logs::dataplane::LogLine { message, short_pod_name, ..Default::default() }
    };
    let page = |lines: Vec<core_pb::logs::dataplane::LogLine>| {
        let body = pb::GetTaskLogsResponseBody { lines, ..Default::default() };
        let mut message = pb::GetTaskLogsResponse { part: Some(Part::Body(body)) }.encode_to_vec();
        message.extend(UNKNOWN);
        Bytes::from(message)
    };
    let asked = || async {
        let request = pb::GetTaskLogsRequest { task_category: category(), ..Default::default() };
        let message = [&request.encode_to_vec()[..], &UNKNOWN].concat().into();
        let passed = super::pass::Passed { method: "GetTaskLogs", message, within: None };
        let seen: Vec<Bytes> =
            passed.streaming(server.channel()).await.unwrap().try_collect().await.unwrap();
        assert_eq!(fake.asked("GetTaskLogs").last().unwrap(), &passed.message);
        seen
    };
    let sent = page(vec![line("step 1", "worker-0")]);
    fake.set("GetTaskLogs", Answer::Message(sent.clone()));
    assert_eq!(asked().await, [sent]);

    // Of a message that shows a secret, wherever, only what is known of it goes on.
    KnownSecrets::of_process().note("the-secret-of-log-pages");
    for lines in [
        vec![line("it is the-secret-of-log-pages", "worker-0")],
        vec![line("it is ***", "the-secret-of-log-pages")],
    ] {
        fake.set("GetTaskLogs", Answer::Message(page(lines)));
        let body = pb::GetTaskLogsResponseBody {
            lines: vec![line("it is ***", "")],
            ..Default::default()
        };
        let clean = pb::GetTaskLogsResponse { part: Some(Part::Body(body)) };
        assert_eq!(asked().await, [clean.encode_to_vec()]);
    }

    // One that is larger than a caller takes is cut into such as are not.
    let long = "x".repeat(1 << 20);
    fake.set("GetTaskLogs", Answer::Message(page(vec![line(&long, "worker-0"); 5])));
    let seen = asked().await;
    let most = crate::Limits::default().max_response_bytes;
    assert!(seen.len() > 1 && seen.iter().all(|message| message.len() <= most));
}

#[tokio::test]
async fn errors_mean_what_they_mean_behind_us() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(address).await;
    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Running, "step 3"));
    tasks(&server).get_task(get()).await.unwrap();
    for code in [Code::Internal, Code::NotFound, Code::Unavailable] {
        fake.set("GetTask", Answer::Refusal(code, "failed to get theirs task"));
        let mut asked = tonic::Request::new(get());
        asked.set_timeout(std::time::Duration::from_secs(2));
        let seen = tasks(&server).get_task(asked).await.unwrap().into_inner().resource.unwrap();
        assert_eq!(seen.phase(), core_pb::task_execution::Phase::Running, "{code:?}");
    }
    fake.set("CreateTask", Answer::Refusal(Code::Internal, "failed to create theirs task"));
    let error = tasks(&server).create_task(create(0)).await.unwrap_err();
    assert!(error.message().contains("failed to create theirs task"), "{error}");
    assert_eq!(fake.asked("CreateTask").len(), 1, "who said no is not asked again");
    fake.answer("CreateTask", &pb::CreateTaskResponse::default());
    tasks(&server).create_task(create(0)).await.unwrap();
    fake.set("GetTaskLogs", Answer::Refusal(Code::Unimplemented, "no logs"));
    let logs = pb::GetTaskLogsRequest { task_category: category(), ..Default::default() };
    let error = tasks(&server).get_task_logs(logs).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented, "{error}");
}

#[tokio::test]
async fn a_create_whose_process_is_gone_goes_to_another_one() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(address).await;
    fake.set("CreateTask", Answer::Broken);
    let mut client = tasks(&server);
    let created = tokio::spawn(async move { client.create_task(create(0)).await });
    while fake.asked("CreateTask").is_empty() {
        tokio::task::yield_now().await;
    }
    let made = pb::CreateTaskResponse { resource_meta: Bytes::from_static(b"made") };
    fake.answer("CreateTask", &made);
    assert_eq!(created.await.unwrap().unwrap().into_inner(), made);
    assert_eq!(fake.asked("CreateTask"), [create(0).encode_to_vec(), create(0).encode_to_vec()]);

    // One that ends whoever runs it is given up.
    fake.set("CreateTask", Answer::Broken);
    let error = tasks(&server).create_task(create(1)).await.unwrap_err();
    assert!(error.message().contains("does not answer"), "{error}");
    assert_eq!(fake.asked("CreateTask").len(), 2 + 3);
}

#[tokio::test]
async fn a_service_that_is_away_is_waited_for_and_missed() {
    let fake = Fake::new();
    let (address, serving) = fake.start("127.0.0.1:0").await;
    serving.abort();
    serving.await.unwrap_err();
    let server = before(address).await;
    assert_eq!(health(&server, "Their Connector").await, Err(Code::NotFound));
    let error = tasks(&server).get_task(get()).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);

    let (_, serving) = fake.start(&address.to_string()).await;
    until(&server, "Their Connector", ServingStatus::Serving).await;
    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Queued, "third in line"));
    let seen = tasks(&server).get_task(get()).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(seen.message, "third in line");
    assert_eq!(listed(&server).await.len(), 2);

    serving.abort();
    // Away again. What it serves stays known, and polls get what is known.
    let mut asked = tonic::Request::new(get());
    asked.set_timeout(std::time::Duration::from_secs(2));
    let seen = tasks(&server).get_task(asked).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(seen.phase(), core_pb::task_execution::Phase::Queued);
    assert_eq!(listed(&server).await.len(), 2);
}

#[tokio::test]
async fn a_service_that_is_busy_keeps_its_health_and_one_that_is_away_does_not() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let pool = Pool::new(address.to_string());
    pool.add(member(address));
    let server = behind(Arc::clone(&pool)).await;
    let list = fake.message("ListConnectors");
    for code in [Code::DeadlineExceeded, Code::ResourceExhausted] {
        fake.set("ListConnectors", Answer::Refusal(code, "not now"));
        // Whoever comes is a reason to look. The second look follows when the first has been judged.
        for _ in 0..2 {
            let looked = fake.asked("ListConnectors").len();
            pool.add(member(address));
            while fake.asked("ListConnectors").len() == looked {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(
            health(&server, "Their Connector").await,
            Ok(ServingStatus::Serving),
            "{code:?}"
        );
    }
    fake.set("ListConnectors", Answer::Refusal(Code::Unavailable, "nobody is behind me"));
    pool.add(member(address));
    until(&server, "Their Connector", ServingStatus::NotServing).await;
    assert_eq!(
        health(&server, "Echo Connector").await,
        Ok(ServingStatus::Serving),
        "the linked one of that name does not depend on theirs"
    );
    fake.set("ListConnectors", Answer::Message(list));
    pool.add(member(address));
    until(&server, "Their Connector", ServingStatus::Serving).await;
}

#[tokio::test]
async fn a_poll_does_not_wait_for_a_process_that_answers_nobody() {
    let (stuck, well) = (Fake::new(), Fake::new());
    let pool = Pool::new("workers");
    let watched = async |fake: &Fake| {
        let (address, _serving) = fake.start("127.0.0.1:0").await;
        let member = member(address);
        member.watched();
        member
    };
    let first = watched(&stuck).await;
    pool.add(Arc::clone(&first));
    Source::new(Arc::clone(&pool), Arc::new([])).list().await.unwrap();
    for method in ["GetTask", "ListConnectors"] {
        stuck.set(method, Answer::Silence);
    }
    well.answer("GetTask", &state(core_pb::task_execution::Phase::Running, "well"));
    let poll = |channel| async move {
        let message = get().encode_to_vec().into();
        let passed = super::pass::Passed { method: "GetTask", message, within: None };
        passed.unary::<pb::GetTaskResponse>(channel).await
    };
    // The first poll may be what the process is stuck in; the one behind it cannot be.
    let ask = |pool: &Arc<Pool>| {
        let pool = Arc::clone(pool);
        tokio::spawn(async move { pool.ask(poll).await })
    };
    let culprit = ask(&pool);
    while first.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let behind = ask(&pool);
    while first.in_flight() == 1 {
        tokio::task::yield_now().await;
    }
    pool.add(watched(&well).await);
    assert_eq!(behind.await.unwrap().unwrap().resource.unwrap().message, "well");
    // Whoever comes later goes to the process that answers at once, creates as well.
    for _ in 0..5 {
        assert_eq!(pool.ask(poll).await.unwrap().resource.unwrap().message, "well");
    }
    pool.send(poll).await.unwrap();
    assert_eq!(stuck.asked("GetTask").len(), 2);
    assert_eq!(well.asked("GetTask").len(), 7);
    assert!(!culprit.is_finished(), "it would have blocked the other process, too");
    culprit.abort();
}
