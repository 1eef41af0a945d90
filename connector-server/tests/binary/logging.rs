//! What the process writes: JSON to the last line where that is asked for, and nothing that a reader who has
//! gone to sleep could hold up.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use connector_core::pb as core_pb;
use connector_service::pb;
use serde_json::{Value, json};

use crate::serving::{
    code_within, page, poll, signal, simulated, start, start_with_metrics, tasks,
};

/// Only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

fn ended(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    command.args(args).envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap()
}

/// Every line as JSON.
fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn says(lines: &[Value], level: &str, words: &str) -> bool {
    lines.iter().any(|line| {
        let message = line.pointer("/fields/message").and_then(Value::as_str).unwrap();
        line.get("level") == Some(&json!(level)) && message.contains(words)
    })
}

#[tokio::test]
async fn with_json_logs_every_line_is_json() {
    let (mut child, url) = start(|command| {
        command.args(["--log-format", "json", "--worker", "4", "--modules", "mine", "other"]);
        command.env("CONNECTOR_PYTHON", "no-python-here");
        command.env("CONNECTOR_PROMETHEUSPORT", "1").stderr(Stdio::piped())
    });
    let mut tasks = tasks(&url).await;
    let created = tasks.create_task(simulated(json!({"get": ["panic"]}))).await.unwrap();
    tasks.get_task(poll(created.into_inner().resource_meta)).await.unwrap_err();
    signal(&child, "TERM");
    assert_eq!(code_within(&mut child, PATIENCE), 0);
    let (mut out, mut log) = (Vec::new(), Vec::new());
    // The line that says where it serves was taken by `start`, which found it among lines of JSON.
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut log).unwrap();
    assert_eq!(lines(&out), Vec::<Value>::new());
    let log = lines(&log);
    for (level, words) in [
        ("ERROR", "NOT SERVED: the connectors in mine, other (--modules): "),
        ("WARN", "did you mean CONNECTOR_PROMETHEUS_PORT?"),
        ("INFO", "--worker is ignored"),
        ("ERROR", "panic: simulated panic in get"),
        ("INFO", "received SIGTERM"),
    ] {
        assert!(says(&log, level, words), "{level} {words} is not in {log:?}");
    }
}

#[test]
fn with_json_logs_what_is_served_and_what_is_wrong_is_json_too() {
    let free = ["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"];
    let once = [&["--log-format", "json", "--timeout", "0"], &free[..]].concat();
    let served = ended(&once, &[]);
    assert_eq!(served.status.code(), Some(0));
    let out = lines(&served.stdout);
    let [serving] = &out[..] else { panic!("{out:?}") };
    let fields = &serving["fields"];
    assert_eq!((&serving["level"], &fields["message"]), (&json!("INFO"), &json!("serving")));
    assert!(fields["grpc"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{serving}");
    assert!(fields["metrics"].as_str().unwrap().ends_with("/metrics"), "{serving}");
    let names: Vec<&Value> =
        fields["connectors"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert!(names.contains(&&json!("Echo Connector")), "{serving}");
    lines(&served.stderr);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let json = ("CONNECTOR_LOG_FORMAT", "json");
    for (args, variables, code, words) in [
        (vec!["--port", "x"], vec![json], 2, "from 0 to 65535"),
        (vec!["--log-format", "json", "--prot", "1"], vec![], 2, "'--port'"),
        (vec![], vec![json, ("CONNECTOR_PORT", "x")], 2, "CONNECTOR_PORT: a port is"),
        (vec!["--expect", "nobody"], vec![json], 1, "nobody is not linked"),
        (vec!["--host", "127.0.0.1", "--port", &port], vec![json], 1, "another process holds it"),
        (vec!["check", "--expect", "nobody"], vec![json], 1, "nobody is not linked"),
    ] {
        let output = ended(&args, &variables);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let told = lines(&output.stderr);
        assert!(says(&told, "ERROR", words), "{words} is not in {told:?}");
        lines(&output.stdout);
    }
    let passed = ended(&["check"], &[json]);
    assert!(says(&lines(&passed.stdout), "INFO", "check passed"), "{passed:?}");
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_no_call_and_not_the_end() {
    // The pipes are there, and nobody reads from them: 64 KiB fit in.
    let (mut child, url, metrics) = start_with_metrics(|command| command.stderr(Stdio::piped()));
    let mut tasks = tasks(&url).await;
    // Every refusal is a line that says the name.
    let template = core_pb::TaskTemplate { r#type: "x".repeat(4_000), ..Default::default() };
    let request =
        pb::CreateTaskRequest { template: Some(Box::new(template)), ..Default::default() };
    let calls = async {
        for _ in 0..600 {
            tasks.create_task(request.clone()).await.unwrap_err();
        }
        tasks.create_task(simulated(json!({}))).await.unwrap();
    };
    tokio::time::timeout(PATIENCE, calls).await.expect("no call waits for a reader");
    let page = page(&metrics);
    let dropped =
        page.lines().find_map(|it| it.strip_prefix("flyte_connector_log_lines_dropped_total "));
    assert!(dropped.unwrap().parse::<f64>().unwrap() > 100.0, "{dropped:?}");
    signal(&child, "TERM");
    assert_eq!(code_within(&mut child, PATIENCE), 0);
    // What was in the pipe is the beginning of the log, in whole lines but for the last.
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.len() > 30_000 && log.lines().next().unwrap().contains("Cannot find connector"));
}

/// Where a disk is full: every write fails.
fn full() -> Stdio {
    std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[tokio::test]
async fn a_full_disk_below_the_log_stops_no_call_and_not_the_end() {
    let (mut child, url, metrics) = start_with_metrics(|command| command.stderr(full()));
    let mut tasks = tasks(&url).await;
    let template = core_pb::TaskTemplate { r#type: "nobody".to_owned(), ..Default::default() };
    let refused =
        pb::CreateTaskRequest { template: Some(Box::new(template)), ..Default::default() };
    for _ in 0..100 {
        tasks.create_task(refused.clone()).await.unwrap_err();
    }
    let created = tasks.create_task(simulated(json!({}))).await.unwrap().into_inner();
    tasks.get_task(poll(created.resource_meta)).await.unwrap();
    assert!(page(&metrics).contains("flyte_connector_log_lines_dropped_total"));
    signal(&child, "TERM");
    assert_eq!(code_within(&mut child, PATIENCE), 0);
}

#[tokio::test]
async fn a_server_that_can_say_nothing_at_all_serves() {
    // Nothing says the port, so it is one that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    command.args(["--host", "127.0.0.1", "--port", &port, "--prometheus-port", "0"]);
    let mut child = command.stdin(Stdio::null()).stdout(full()).stderr(full()).spawn().unwrap();
    let began = std::time::Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        assert!(began.elapsed() < PATIENCE, "it does not listen");
        crate::serving::a_moment(Duration::from_millis(20));
    }
    let mut tasks = tasks(&format!("http://127.0.0.1:{port}")).await;
    tasks.create_task(simulated(json!({}))).await.expect("a job");
    signal(&child, "TERM");
    assert_eq!(code_within(&mut child, PATIENCE), 0);
}
