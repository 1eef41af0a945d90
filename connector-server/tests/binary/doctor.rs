//! `doctor` without `--connect`: whether the shipped binary would serve, and reaches what it calls.

use std::net::TcpListener;
use std::process::{Command, Stdio};

fn examined(variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    // What this machine goes through to the world is no matter here.
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    command.args(["doctor", "--host", "127.0.0.1", "--expect", "echo"]);
    let output = command.envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_connectors_call_is_tried_and_the_executor_is_told_of_every_type() {
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = there.local_addr().map(|it| (format!("http://user:hunter2@{it}/"), there)).unwrap();
    let (code, printed) = examined(&[("BIGQUERY_API_ENDPOINT", &there.0)]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("can be reached (Bigquery Connector)"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
    for words in [
        "ok      connector  Echo Connector starts: echo (0)\n",
        "endpoint: dns:///connector-server.flyte.svc.cluster.local:8000",
        "      bigquery_query_job_task: connector-service\n",
        "      databricks: connector-service\n",
        "\n# The executor of Flyte 1, propeller:\n",
    ] {
        assert!(printed.contains(words), "no {words:?} in\n{printed}");
    }
    // Nobody listens at the port of a listener that is gone.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{gone}");
    let (code, printed) = examined(&[("BIGQUERY_API_ENDPOINT", &url)]);
    assert_eq!(code, 1, "{printed}");
    let told = format!("failed  outside    {gone} cannot be reached (Bigquery Connector)");
    assert!(printed.contains(&told), "{printed}");
}
