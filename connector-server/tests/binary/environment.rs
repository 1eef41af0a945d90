//! The environment of a cluster: what Kubernetes adds, what operators misspell, what cannot be read.

use std::process::{Command, Output, Stdio};

use crate::serving::{code_within, start};

fn ended(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    command.args(args).envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What Kubernetes sets in every pod beside a Service called `connector`, and one called `connector-a`.
const OF_KUBERNETES: [(&str, &str); 9] = [
    ("CONNECTOR_PORT", "tcp://10.0.0.1:8000"),
    ("CONNECTOR_SERVICE_HOST", "10.0.0.1"),
    ("CONNECTOR_SERVICE_PORT", "8000"),
    ("CONNECTOR_SERVICE_PORT_GRPC", "8000"),
    ("CONNECTOR_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
    ("CONNECTOR_PORT_8000_TCP_PROTO", "tcp"),
    ("CONNECTOR_PORT_8000_TCP_PORT", "8000"),
    ("CONNECTOR_PORT_8000_TCP_ADDR", "10.0.0.1"),
    ("CONNECTOR_A_SERVICE_HOST", "10.0.0.2"),
];

#[test]
fn beside_a_service_called_connector_the_server_starts_and_warns() {
    let (mut child, _url) = start(|command| {
        command.envs(OF_KUBERNETES).env("CONNECTOR_PROMETHEUS_PORT", "").args(["--timeout", "0"]);
        command.stderr(Stdio::piped())
    });
    assert_eq!(code_within(&mut child, std::time::Duration::from_secs(60)), 0);
    // Its own flags were given there; without them the variable would count, and is ignored.
    let flags = ["--host", "127.0.0.1", "--prometheus-port", "0", "--timeout", "0"];
    let output = ended(&["check", flags[0], flags[1]], &OF_KUBERNETES);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let warned = told(&output);
    assert!(warned.contains("CONNECTOR_PORT is ignored"), "{warned}");
    assert!(!warned.contains("10.0.0.1") && !warned.contains("nobody reads"), "{warned}");
}

#[test]
fn what_nobody_reads_and_what_cannot_be_read_fails_a_check_every_time() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("simulator")).unwrap();
    // A link into nowhere, as a mount leaves it behind whose secret is gone.
    let link = root.path().join("simulator/api_key");
    std::os::unix::fs::symlink(root.path().join("gone"), link).unwrap();
    let variables = [
        ("CONNECTOR_SECRETS_DIR", root.path().to_str().unwrap()),
        ("CONNECTOR_LOG_LEVL", "hunter2"),
        ("CONNECTOR__SIMULATR__SECRET_HOSTS", "hunter2"),
        ("CONNECTOR__ECHO__REGION", "hunter2"),
    ];
    for _ in 0..3 {
        let output = ended(&["check"], &variables);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        for words in [
            "CONNECTOR_LOG_LEVL; did you mean CONNECTOR_LOG_LEVEL?",
            "CONNECTOR__SIMULATR__SECRET_HOSTS; did you mean CONNECTOR__SIMULATOR__SECRET_HOSTS?",
            "nobody reads the environment variable CONNECTOR__ECHO__REGION",
            "api_key: No such file",
        ] {
            assert!(said.contains(words), "{words} is not in {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}
