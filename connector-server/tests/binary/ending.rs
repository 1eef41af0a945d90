//! The end of the process: which signals bring it about, how long it takes, and what its exit code says.

use std::process::{Child, Stdio};
use std::time::Duration;

use connector_service::pb;
use serde_json::json;
use tonic::Status;

use crate::serving::{a_moment, code_within, poll, signal, simulated, start, tasks};

/// Only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

fn serving(flags: &[&str]) -> (Child, String) {
    start(|command| command.args(flags).stderr(Stdio::null()))
}

/// A poll that is not answered for an hour, once it has arrived at the outside system.
async fn hanging(url: &str) -> tokio::task::JoinHandle<Result<pb::Resource, Status>> {
    let mut tasks = tasks(url).await;
    let settings = json!({"tag": "hanging", "get_delay_ms": 3_600_000});
    let job = tasks.create_task(simulated(settings)).await.unwrap().into_inner().resource_meta;
    let hanging = tokio::spawn({
        let mut tasks = tasks.clone();
        let poll = poll(job);
        async move { Ok(tasks.get_task(poll).await?.into_inner().resource.unwrap()) }
    });
    // A job of another kind tells how many polls have come.
    let counts = tasks.create_task(simulated(json!({"tag": "hanging"}))).await.unwrap();
    let counts = poll(counts.into_inner().resource_meta);
    loop {
        let counted = tasks.get_task(counts.clone()).await.unwrap().into_inner();
        let counted = counted.resource.unwrap().custom_info.unwrap();
        let counted = connector_core::custom_info::struct_to_json(&counted);
        // The question itself is one.
        if counted.get("polls").and_then(serde_json::Value::as_f64).unwrap() >= 2.0 {
            return hanging;
        }
    }
}

#[tokio::test]
async fn a_hangup_changes_nothing_and_an_idle_server_ends_with_0_though_a_peer_is_silent() {
    let (mut child, url) = serving(&["--grace-seconds", "1h"]);
    let silent = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    signal(&child, "HUP");
    let mut tasks = tasks(&url).await;
    tasks.create_task(simulated(json!({}))).await.expect("it serves");
    signal(&child, "TERM");
    assert_eq!(code_within(&mut child, PATIENCE), 0);
    drop(silent);
}

#[tokio::test]
async fn a_call_that_is_cut_off_is_told_by_the_exit_code() {
    let (mut child, url) = serving(&["--grace-seconds", "300ms", "--max-call-seconds", "1h"]);
    let hanging = hanging(&url).await;
    signal(&child, "TERM");
    assert_eq!(code_within(&mut child, PATIENCE), 3);
    hanging.await.unwrap().expect_err("it was cut off");
}

#[tokio::test]
async fn a_second_signal_waits_for_no_call() {
    let (mut child, url) = serving(&["--grace-seconds", "1h", "--max-call-seconds", "1h"]);
    let hanging = hanging(&url).await;
    signal(&child, "TERM");
    a_moment(Duration::from_secs(1));
    assert!(child.try_wait().unwrap().is_none(), "it waits for the call");
    signal(&child, "INT");
    assert_eq!(code_within(&mut child, PATIENCE), 3);
    hanging.abort();
}

#[tokio::test]
async fn a_lame_duck_serves_on_and_ends_with_0() {
    let (mut child, url) = serving(&["--lame-duck-seconds", "1h"]);
    signal(&child, "TERM");
    a_moment(Duration::from_secs(1));
    let mut tasks = tasks(&url).await;
    tasks.create_task(simulated(json!({}))).await.expect("new connections are served");
    signal(&child, "TERM");
    assert_eq!(code_within(&mut child, PATIENCE), 0);
}
