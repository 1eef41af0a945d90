//! A server whose settings are in a file, below its variables and flags.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FILE: &str = r#"
port = 0
prometheus-port = 0
host = "127.0.0.1"
grace_seconds = "7s"
log_level = "info"

[policy]
rate = 5

[connector.probe]
password = "hunter2-of-the-probe"
secret_hosts = ["a.example"]
[connector.probe.policy]
poll_interval = "1m"
[connector.probe.secret]
api_key = "hunter2-of-the-vendor"
"#;

fn command(file: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.arg("serve").arg("--config").arg(file).args(arguments);
    command
}

fn ended(mut command: Command) -> (Output, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn every_value_is_printed_with_its_source_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connectors.toml");
    fs::write(&file, FILE).unwrap();
    let mut command = command(&file, &["--print-config", "--grace-seconds", "9"]);
    command
        .env("CONNECTOR_HOST", "::1")
        .env("CONNECTOR__PROBE__SECRET__OTHER", "hunter2-of-others");
    let (output, said) = ended(command);
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let origin = |line: &str| {
        let found = printed.lines().find(|it| it.starts_with(line));
        let found = found.unwrap_or_else(|| panic!("no {line} in\n{printed}"));
        found.rsplit_once("# ").unwrap().1.to_owned()
    };
    assert_eq!(origin("grace_seconds = \"9\""), "--grace-seconds");
    assert_eq!(origin("host = \"::1\""), "CONNECTOR_HOST");
    assert_eq!(origin("port = \"0\""), format!("port of {}", file.display()));
    assert_eq!(origin("max_call_seconds = \"60\""), "default");
    assert_eq!(origin("rate = \"5\""), format!("policy.rate of {}", file.display()));
    assert_eq!(origin("other = \"***\""), "CONNECTOR__PROBE__SECRET__OTHER");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("poll_interval = \"1m\"") && printed.contains("\"a.example\""));
}

#[test]
fn what_is_wrong_in_it_stops_the_start_and_is_told_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connectors.toml");
    for (text, code, said) in [
        ("prot = 1", 2, "did you mean `port`?"),
        ("port = \"hunter2\"", 2, "`port` of"),
        ("[policy]\nrat = 1", 1, "there is no `rat` in a policy; there are create_errors"),
        ("[policy]\nrate = \"often\"", 1, "`policy.rate` of"),
        ("[connector.prob]\nx = \"hunter2\"", 1, "nobody reads `connector.prob.x` of"),
        ("[connector.probe.policy]\npoll_intervall = 1", 1, "there is no `poll_intervall`"),
        ("x = [hunter2", 2, "line 1 is no TOML"),
    ] {
        fs::write(&file, format!("{text}\n")).unwrap();
        let (output, told) = ended(command(&file, &["--timeout", "0"]));
        assert_eq!(output.status.code(), Some(code), "{text}: {told}");
        assert!(told.contains(said) && told.contains("connectors.toml"), "{text}: {told}");
        assert!(!told.contains("hunter2"), "{text}: {told}");
        let why = told.lines().last().unwrap();
        assert!(!why.contains("environment variable"), "{text}: {why}");
    }
    let (output, told) = ended(command(&folder.path().join("gone"), &[]));
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("gone: No such file"), "{told}");
}

/// Who is away at a start, as it is replaced as well, takes nobody with him.
#[test]
fn settings_for_a_service_that_is_away_do_not_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connectors.toml");
    let places = "port = 0\nprometheus-port = 0\nhost = \"127.0.0.1\"\n";
    fs::write(&file, format!("{places}[connector.farm.policy]\npoll_interval = \"1m\"\n")).unwrap();
    let here = ["--timeout", "0"];
    let away = [&here[..], &["--upstream", "unix:/nobody/is/there.sock"]].concat();
    let (output, told) = ended(command(&file, &away));
    assert_eq!(output.status.code(), Some(0), "{told}");
    let waits = "nobody reads `connector.farm.policy.poll_interval` of";
    assert!(told.contains(waits) && told.contains(" yet: "), "{told}");
    let (output, told) = ended(command(&file, &here));
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(waits) && !told.contains(" yet: "), "{told}");
}

#[test]
fn every_command_that_makes_connectors_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connectors.toml");
    // What `serve` alone has a flag for may stand there for all of them.
    fs::write(&file, "port = 0\ngrace_seconds = 3\n[policy]\nrate = \"often\"\n").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        &["list", "--config", file][..],
        &["doctor", "--host", "127.0.0.1", "--config", file],
        &["run", "echo", "--settings", file],
        &["check", "--config", file],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
        command.args(arguments);
        let (output, told) = ended(command);
        let told = told + &String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{arguments:?}: {told}");
        assert!(told.contains("`policy.rate` of"), "{arguments:?}: {told}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["describe", "echo"]).env("CONNECTOR_CONFIG", "/gone.toml");
    let (output, told) = ended(command);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("/gone.toml"), "{told}");
}
