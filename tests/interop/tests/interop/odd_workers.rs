//! Python connectors that the official service takes, in workers of a server of ours: what they find there,
//! and what becomes of calls while processes differ or go.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use connector_core::pb::TaskTemplate;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::get_task_logs_response::Part;
use interop_tests::peer::{Server, example};
use interop_tests::venv::Venv;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// A server with workers, and a caller.
struct Bench {
    server: Server,
    jobs: AsyncConnectorServiceClient<Channel>,
}

impl Bench {
    /// Starts one; nothing where there is no Python.
    async fn start(variables: &[(&str, &str)]) -> Option<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let venv = Venv::official_sdk(target, "odd Python connectors in workers")?;
        let program = example(target, "bare").unwrap_or_else(|error| panic!("{error}"));
        let server = Server::before_python(&program, &venv, variables).unwrap();
        let channel = Endpoint::from_shared(format!("http://{}", server.address())).unwrap();
        let jobs = AsyncConnectorServiceClient::new(channel.connect().await.unwrap());
        Some(Self { server, jobs })
    }

    /// What a poll of a job says. Each job is another one: answers are remembered.
    async fn poll(&self, task_type: &str, job: &str) -> String {
        let request = pb::GetTaskRequest {
            resource_meta: format!("{{\"job_id\": \"{job}\"}}").into(),
            task_category: Some(pb::TaskCategory { name: task_type.to_owned(), version: 0 }),
            ..Default::default()
        };
        let answer = self.jobs.clone().get_task(request).await.unwrap();
        answer.into_inner().resource.unwrap().message
    }

    /// A job of nobody, so that each create is one of its own.
    async fn create(&self, task_type: &str) -> Result<pb::CreateTaskResponse, tonic::Status> {
        let template = TaskTemplate { r#type: task_type.to_owned(), ..Default::default() };
        let request =
            pb::CreateTaskRequest { template: Some(template.into()), ..Default::default() };
        Ok(self.jobs.clone().create_task(request).await?.into_inner())
    }

    fn assert_unsaid(&self, words: &[&str]) {
        let output = self.server.output();
        for words in words {
            assert!(!output.contains(words), "{words}:\n{output}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connectors_find_in_a_worker_what_the_official_service_has() {
    let modules = "odd_connectors,bootstrap,replacing_connectors";
    let Some(bench) = Bench::start(&[("CONNECTOR_MODULES", modules)]).await else { return };
    assert_eq!(bench.poll("loop", "1").await, "opened True");
    assert_eq!(bench.poll("namesake", "1").await, "well");
    assert_eq!(bench.poll("command", "1").await, "replaced");
    bench.assert_unsaid(&["NOT SERVED", "lists it, too", "is started again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_a_connector_find_nothing_to_read() {
    let Some(bench) = Bench::start(&[("CONNECTOR_MODULES", "odd_connectors")]).await else {
        return;
    };
    assert_eq!(bench.poll("command", "1").await, "the command said b''");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lacks_a_module_of_another_one_gets_no_calls() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("place");
    let variables =
        [("CONNECTOR_MODULES", "single_connectors"), ("SINGLE_PLACE", place.to_str().unwrap())];
    let Some(bench) = Bench::start(&variables).await else { return };
    let only = std::fs::read_to_string(&place).unwrap();
    // Together, so that every process that takes calls gets some.
    for created in futures_util::future::join_all([(); 16].map(|()| bench.create("single"))).await {
        assert!(created.is_ok(), "{created:?}\n{}", bench.server.output());
    }
    assert_eq!(bench.poll("single", "who").await, only);
    bench.assert_unsaid(&["NOT SERVED"]);
    let output = bench.server.output();
    assert!(output.contains("another worker has what this one has not: single_conn"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_go_on_while_somebody_holds_the_pipe_of_a_dead_worker() {
    let modules = ("CONNECTOR_MODULES", "odd_connectors,worker_connectors");
    let variables = [modules, ("ODD_COMPANY", "yes")];
    let Some(bench) = Bench::start(&variables).await else { return };
    // Nothing is under way, so that this is the one that every call goes to.
    let first = bench.poll("behind", "who").await;
    assert!(Command::new("kill").args(["-KILL", &first]).status().unwrap().success());
    let created = bench.create("behind").await;
    assert!(created.is_ok(), "{created:?}\n{}", bench.server.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_do_not_come_up_at_the_start_are_started_again() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "Python workers that fail once") else { return };
    let folder = tempfile::tempdir().unwrap();
    let [python, failed] = ["python", "failed"].map(|name| folder.path().join(name));
    let (real, told) = (venv.command("python"), failed.display());
    let real = real.get_program().to_str().unwrap();
    let script = format!(
        "#!/bin/sh\ntest -e '{told}' || {{ touch '{told}'; exit 3; }}\nexec '{real}' \"$@\"\n"
    );
    std::fs::write(&python, script).unwrap();
    std::fs::set_permissions(&python, Permissions::from_mode(0o700)).unwrap();
    let variables = [
        ("CONNECTOR_MODULES", "odd_connectors"),
        ("CONNECTOR_PYTHON", python.to_str().unwrap()),
        ("CONNECTOR_PYTHON_WORKERS", "1"),
    ];
    let bench = Bench::start(&variables).await.unwrap();
    let output = bench.server.output();
    assert!(
        output.contains("NOT SERVED: the connectors in odd_connectors (--modules)"),
        "{output}"
    );
    let channel = Endpoint::from_shared(format!("http://{}", bench.server.address())).unwrap();
    let mut health = HealthClient::new(channel.connect().await.unwrap());
    let request = HealthCheckRequest { service: "Command Connector".to_owned() };
    let mut seen = health.watch(request).await.unwrap().into_inner();
    let serves = async {
        while seen.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    };
    let served = tokio::time::timeout(Duration::from_secs(60), serves).await;
    assert!(served.is_ok(), "{}", bench.server.output());
    assert_eq!(bench.poll("command", "1").await, "the command said b''");
}

/// Who follows a log says no time, and none is over for him; under the official service nothing cuts it.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_for_longer_than_a_call_may_take() {
    let limit = ("CONNECTOR_MAX_CALL_SECONDS", "2");
    let Some(bench) = Bench::start(&[("CONNECTOR_MODULES", "odd_connectors"), limit]).await else {
        return;
    };
    let request = pb::GetTaskLogsRequest {
        resource_meta: r#"{"job_id": "1"}"#.into(),
        task_category: Some(pb::TaskCategory { name: "command".to_owned(), version: 0 }),
        ..Default::default()
    };
    let mut pages = bench.jobs.clone().get_task_logs(request).await.unwrap().into_inner();
    let mut lines = Vec::new();
    while let Some(page) = pages.message().await.unwrap() {
        let Some(Part::Body(body)) = page.part else { continue };
        lines.extend(body.lines.into_iter().map(|line| line.message));
    }
    assert_eq!(lines, ["line 0", "line 1"]);
}

/// A log that is followed may be quiet for long, and the server asks meanwhile whether the worker is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_does_not_mind_being_asked_whether_it_is_there() {
    let variables = [("CONNECTOR_MODULES", "worker_connectors"), ("CONNECTOR_PYTHON_WORKERS", "1")];
    let Some(bench) = Bench::start(&variables).await else { return };
    let request = pb::GetTaskRequest {
        resource_meta: r#"{"job_id": "look"}"#.into(),
        task_category: Some(pb::TaskCategory { name: "behind".to_owned(), version: 0 }),
        ..Default::default()
    };
    let seen = bench.jobs.clone().get_task(request.clone()).await.unwrap().into_inner();
    let seen = seen.resource.unwrap().custom_info.unwrap();
    let Some(prost_types::value::Kind::StringValue(place)) = &seen.fields["place"].kind else {
        panic!("{seen:?}")
    };
    // As the server connects, and asks more often.
    let often = Duration::from_millis(50);
    let channel = Endpoint::from_shared(format!("unix://{place}/1-1.sock")).unwrap();
    let channel = channel.http2_keep_alive_interval(often).connect().await.unwrap();
    let dawdles = pb::GetTaskRequest { resource_meta: r#"{"job_id": "dawdle"}"#.into(), ..request };
    let answer = AsyncConnectorServiceClient::new(channel).get_task(dawdles).await;
    assert!(answer.is_ok(), "{answer:?}");
}
