//! A server whose file of settings changes while it serves: what SIGHUP has it take over, and what it refuses.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use conformance_tests::probe::meta;
use conformance_tests::program::Program;
use conformance_tests::running::get;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

const PATIENCE: Duration = Duration::from_secs(30);
const START: &str = "port = 0\nprometheus-port = 0\nhost = \"127.0.0.1\"\n";
const ASKED: &str = r#"flyte_connector_outside_calls_total{operation="get",task_type="probe"}"#;

/// A server with a file.
struct Reloading {
    server: Program,
    file: PathBuf,
    tasks: AsyncConnectorServiceClient<Channel>,
    _folder: tempfile::TempDir,
}

impl Reloading {
    /// With that beside its addresses in the file.
    async fn start(settings: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connectors.toml");
        fs::write(&file, format!("{START}{settings}")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
        command.arg("serve").arg("--config").arg(&file).args(flags);
        let server = Program::start(command);
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", server.port()));
        let channel = endpoint.unwrap().connect().await.unwrap();
        let tasks = AsyncConnectorServiceClient::new(channel);
        Self { server, file, tasks, _folder: folder }
    }

    /// Has it read another file, and waits until it says that, once more than before.
    async fn read(&self, settings: &str, said: &str) {
        let before = self.server.said().matches(said).count();
        fs::write(&self.file, format!("{START}{settings}")).unwrap();
        self.server.signal("HUP");
        self.server.until_said_times(said, before + 1).await;
    }

    /// Asks about one job three times. How often the outside system was asked, all in all.
    async fn ask_three_times(&self) -> f64 {
        for _ in 0..3 {
            self.tasks.clone().get_task(get("probe", meta("RUNNING"))).await.unwrap();
        }
        self.server.metric(ASKED).await
    }

    async fn reloads(&self, outcome: &str) -> f64 {
        let series = format!("flyte_connector_reloads_total{{outcome=\"{outcome}\"}}");
        self.server.metric(&series).await
    }
}

#[tokio::test]
async fn a_policy_counts_at_once_and_is_the_authors_again_once_it_is_gone() {
    let reloading = Reloading::start("", &[]).await;
    assert!((reloading.ask_three_times().await - 3.0).abs() < 0.1);
    reloading
        .read(
            "[connector.probe.policy]\npoll_interval = \"1h\"\n",
            "`connector.probe.policy.poll_interval` of",
        )
        .await;
    assert!((reloading.ask_three_times().await - 4.0).abs() < 0.1, "one answer is good for all");
    reloading
        .read("[policy]\nget_timeout = \"100ms\"\nretry_for = 0\n", "`policy.get_timeout` of")
        .await;
    let begun = Instant::now();
    let hanging = reloading.tasks.clone().get_task(get("probe", meta("hang"))).await.unwrap();
    let message = hanging.into_inner().resource.unwrap().message;
    assert!(message.contains("did not answer within 100ms"), "{message}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert!((reloading.reloads("success").await - 2.0).abs() < 0.1);
}

/// Who is away may come, and what others serve may have come since the start.
#[tokio::test]
async fn settings_for_a_service_behind_are_taken_whether_it_is_there_or_not() {
    let away = ["--upstream", "unix:/nobody/is/there.sock"];
    let reloading = Reloading::start("", &away).await;
    let settings = "[connector.farm.policy]\npoll_interval = \"1h\"\n[policy]\nrate = 9\n";
    reloading.read(settings, "`policy.rate` of").await;
    let said = reloading.server.said();
    assert!(said.contains("`connector.farm.policy.poll_interval` of") && said.contains(" yet: "));
    assert!((reloading.reloads("success").await - 1.0).abs() < 0.1, "{said}");
}

#[tokio::test]
async fn limits_count_at_once() {
    let reloading = Reloading::start("max_connections = 9\n", &[]).await;
    let port = reloading.server.port();
    reloading
        .read("max_connections = 1\nmax_call_seconds = \"200ms\"\n", "`max_connections` of")
        .await;
    // The one that is there stays, and is served.
    assert!(reloading.ask_three_times().await > 0.0);
    let hanging = reloading.tasks.clone().get_task(get("probe", meta("hang"))).await.unwrap();
    let message = hanging.into_inner().resource.unwrap().message;
    assert!(message.contains("did not answer within 200ms"), "{message}");
    let mut refused = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut why = Vec::new();
    timeout(PATIENCE, refused.read_to_end(&mut why)).await.unwrap().ok();
    let why = String::from_utf8_lossy(&why).into_owned();
    assert!(why.contains("this server has 1 connections and takes no more"), "{why}");
    reloading.read("max_connections = 2\n", "`max_call_seconds` of").await;
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    let mut another = AsyncConnectorServiceClient::new(endpoint.connect().await.unwrap());
    another.get_task(get("echo", r#"{"x": 1}"#)).await.unwrap();
}

#[tokio::test]
async fn settings_that_change_under_load_fail_no_call() {
    let reloading = Reloading::start("", &[]).await;
    // Connected before anything is narrow: a client that has not heard of the limit of streams yet may be refused.
    reloading.tasks.clone().get_task(get("probe", meta("RUNNING"))).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (mut tasks, over) = (reloading.tasks.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut calls = 0;
                while !over.load(Ordering::Relaxed) {
                    let answer = tasks.get_task(get("probe", meta("RUNNING")));
                    timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let narrow = "max_connections = 1\nmax_streams = 1\nmax_inflight_bytes = 1\n\
        [policy]\nconcurrency = 1\nbatch_size = 4\nretry_for = 0\n";
    for round in 0..20 {
        let settings = if round % 2 == 0 { narrow } else { "" };
        reloading.read(settings, "`policy.concurrency` of").await;
    }
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
    let masked = r#"flyte_connector_masked_errors_total{kind="busy",task_type="probe"}"#;
    assert!(reloading.server.metric(masked).await < 0.1);
}

#[tokio::test]
async fn the_log_is_as_talkative_as_the_file_says() {
    let reloading = Reloading::start("log_level = \"error\"\n", &[]).await;
    reloading.read("log_level = \"debug\"\n", "`log_level` of").await;
    assert!(!reloading.server.said().contains("received SIGHUP"), "the level was that of errors");
    // At this level a line names the call that it is about.
    reloading.tasks.clone().get_task(get("probe", meta("transient"))).await.unwrap();
    reloading.server.until_said("call{operation=\"get\"").await;
    reloading.read("log_level = \"error\"\n", "`log_level` of").await;
    let said = reloading.server.said().lines().count();
    reloading.tasks.clone().get_task(get("probe", meta("retryable"))).await.unwrap();
    reloading.server.signal("HUP");
    while reloading.reloads("success").await < 2.9 {}
    assert_eq!(reloading.server.said().lines().count(), said, "{}", reloading.server.said());
}

#[tokio::test]
async fn a_file_that_cannot_be_used_changes_nothing_and_says_what_is_wrong_where() {
    let reloading = Reloading::start("[policy]\npoll_interval = \"1h\"\n", &[]).await;
    for (settings, said) in [
        ("prot = 1\n[policy]\npoll_interval = 0", "there is no `prot`; did you mean `port`?"),
        ("[policy]\npoll_interval = 0\nrat = \"hunter2\"", "there is no `rat` in a policy"),
        ("[policy]\npoll_interval = 0\nrate = \"hunter\"", "`policy.rate` of"),
        (
            "[connector.eco.policy]\npoll_interval = 0",
            "did you mean `connector.echo.policy.poll_interval`?",
        ),
        ("grace_seconds = \"soon\"\n[policy]\npoll_interval = 0", "`grace_seconds` of"),
        ("[policy\npoll_interval = hunter2", "line 4 is no TOML"),
    ] {
        reloading.read(settings, said).await;
        let told = reloading.server.said();
        let line = told.lines().find(|line| line.contains(said)).unwrap();
        assert!(line.contains("all settings stay as they are, as"), "{line}");
        assert!(line.contains("connectors.toml") && line.contains("ERROR"), "{line}");
        assert!(!line.contains("hunter2") && !line.contains("environment variable"), "{line}");
    }
    fs::remove_file(&reloading.file).unwrap();
    reloading.server.signal("HUP");
    reloading.server.until_said("No such file").await;
    assert!(
        (reloading.ask_three_times().await - 1.0).abs() < 0.1,
        "the policy is that of the start"
    );
    assert!((reloading.reloads("failure").await - 7.0).abs() < 0.1);
    assert!(reloading.reloads("success").await < 0.1);
    assert!(reloading.server.metric("flyte_connector_reload_failed").await > 0.9);
    let before = reloading.server.metric("flyte_connector_reload_success_timestamp_seconds").await;
    reloading.read("[policy]\npoll_interval = \"1h\"\n", "has not changed").await;
    assert!(reloading.server.metric("flyte_connector_reload_failed").await < 0.1);
    let after = reloading.server.metric("flyte_connector_reload_success_timestamp_seconds").await;
    assert!(after > before, "{before} {after}");
}

#[tokio::test]
async fn what_needs_a_restart_or_does_not_count_is_named_key_by_key() {
    let reloading = Reloading::start("", &["--grace-seconds", "9"]).await;
    let settings = "max-request-bytes = 1000\ngrace_seconds = 3\n[policy]\nkeyed = true\nrate = 5\n\
        [connector.broken]\nendpoint = \"hunter2\"\n";
    reloading.read(settings, "`connector.broken.endpoint` of").await;
    reloading.server.until_said("`policy.keyed` of").await;
    let told = reloading.server.said();
    let lines = |words: &str| -> Vec<String> {
        let lines = told.lines().filter(|line| line.contains(words));
        lines.filter_map(|line| Some(line.split('`').nth(1)?.to_owned())).collect()
    };
    let restart = ["connector.broken.endpoint", "max-request-bytes", "policy.keyed"];
    assert_eq!(lines("a restart is needed for it to count"), restart);
    assert_eq!(lines("counts from now on"), ["policy.rate"]);
    assert_eq!(lines("--grace-seconds goes before it"), ["grace_seconds"]);
    assert!(!told.contains("hunter2"), "{told}");
    assert!(reloading.server.metric("flyte_connector_reload_restart_keys").await > 2.9);
    reloading.read("", "`policy.rate` of").await;
    while reloading.server.metric("flyte_connector_reload_restart_keys").await > 0.1 {}
}

#[tokio::test]
async fn without_a_file_only_certificates_and_tokens_are_read_again() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]);
    let server = Program::start(command);
    server.signal("HUP");
    server.until_said("certificates and tokens are read again now").await;
    server.until_said("a file of settings (--config) would be read again").await;
    assert!(server.metric(r#"flyte_connector_reloads_total{outcome="success"}"#).await < 0.1);
}
