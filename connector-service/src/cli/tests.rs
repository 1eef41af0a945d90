//! Command lines as people and deployments write them, with and without variables.

use std::time::Duration;

use super::{Command, Environment, Parsed, Printed, ServeArgs, parse, wished_format};
use crate::limits::Limits;
use crate::telemetry::LogFormat;

fn read(line: &str, variables: &[(&str, &str)]) -> Result<Parsed, Printed> {
    let environment: Environment = variables.iter().copied().collect();
    parse(line.split(' ').map(Into::into), &environment)
}

fn serve_with(line: &str, variables: &[(&str, &str)]) -> (ServeArgs, Vec<String>) {
    match read(line, variables) {
        Ok(Parsed { command: Command::Serve(serve), warnings, .. }) => (*serve, warnings),
        other => panic!("{line} gave {other:?}"),
    }
}

fn serve(line: &str) -> ServeArgs {
    serve_with(line, &[]).0
}

fn refused_with(line: &str, variables: &[(&str, &str)]) -> String {
    let printed = read(line, variables).expect_err("an error");
    assert!(printed.is_error);
    assert_eq!(printed.text.lines().count(), 1, "{}", printed.text);
    printed.text
}

fn refused(line: &str) -> String {
    refused_with(line, &[])
}

#[test]
fn serves_with_or_without_the_command() {
    for line in ["connector-server", "connector-server serve"] {
        let args = serve(line);
        assert_eq!((args.host.as_str(), args.port, args.prometheus_port), ("::", 8000, 9090));
        assert_eq!(args.limits(), Limits::default());
    }
    assert_eq!(serve("connector-server --port 1").port, 1);
    assert_eq!(serve("connector-server serve --port 1").port, 1);
    let list = read("connector-server list", &[("CONNECTOR_PORT", "x")]);
    assert!(matches!(list.unwrap().command, Command::List(_)));
}

#[test]
fn knows_python_spellings() {
    let line = "/bin/c0 --port 1 --prometheus_port 2 --worker 4 --timeout 3 \
                --modules a b --modules c";
    let args = serve(line);
    let (port, metrics) = (args.port, args.prometheus_port);
    assert_eq!((port, metrics, args.timeout), (1, 2, Some(Duration::from_secs(3))));
    assert_eq!((args.worker, args.behind.modules.len()), (Some(4), 3));
    assert_eq!(serve("connector-server serve --prometheus_port 2").prometheus_port, 2);
    refused("c0 list");
    refused("c0 run batch_job");
}

#[test]
fn knows_the_command_lines_of_flyte_1() {
    // As the Helm chart and the official image write them.
    let args = serve("pyflyte serve agent");
    assert_eq!((args.port, args.prometheus_port), (8000, 9090));
    let line =
        "/usr/bin/pyflyte serve connector --port 1 --prometheus_port 2 --worker 10 --timeout 3";
    let args = serve(line);
    assert_eq!((args.port, args.timeout), (1, Some(Duration::from_secs(3))));
    let (args, _) = serve_with("pyflyte serve agent --modules a b", &[("CONNECTOR_PORT", "7")]);
    assert_eq!((args.port, args.behind.modules.len()), (7, 2));
    for line in ["pyflyte", "pyflyte run", "pyflyte serve", "pyflyte serve list", "pyflyte list"] {
        assert!(refused(line).contains("`pyflyte serve connector`"), "{line}");
    }
    assert!(refused("pyflyte serve agent --prot 1").contains("--prot"));
    assert!(!read("pyflyte --help", &[]).unwrap_err().is_error);
    assert!(!read("pyflyte serve connector --help", &[]).unwrap_err().is_error);
}

#[test]
fn takes_modules_as_the_sdk_writes_them() {
    // `flyte.app.ConnectorEnvironment`: one flag, several modules, whatever follows.
    for line in [
        "c0 --port 8080 --prometheus_port 9092 --modules a b",
        "c0 --modules a b --port 8080 --prometheus_port 9092",
        "connector-server serve --modules a b --port 8080 --prometheus_port 9092",
        "connector-server --modules=a --modules b --port 8080 --prometheus_port 9092",
    ] {
        let args = serve(line);
        assert_eq!((args.port, args.prometheus_port), (8080, 9092), "{line}");
        assert_eq!(args.behind.modules, ["a", "b"], "{line}");
    }
    let (args, _) = serve_with("c0", &[("CONNECTOR_MODULES", "a,b"), ("CONNECTOR_PORT", "1")]);
    assert_eq!((args.behind.modules.len(), args.port), (2, 1));
}

#[test]
fn says_in_one_line_what_is_wrong() {
    for port in ["70000", "-1"] {
        assert!(refused(&format!("connector-server --port {port}")).contains("from 0 to 65535"));
    }
    for address in ["http://u:hunter2@h:1", "u:hunter2@h:1"] {
        let said = refused(&format!("connector-server --upstream {address}"));
        assert!(said.contains("--upstream") && !said.contains("hunter2"), "{said}");
    }
    assert!(refused("c0 --timeout -5").contains("is not a span of time"));
    assert!(refused("connector-server run echo --retries -1").contains("'--retries <"));
    assert!(refused("connector-server --prot 1").contains("'--port'"));
    assert!(refused("connector-server --max-error-bytes 10").contains("256 bytes or more"));
    assert!(refused("connector-server --expect a@x").contains("TASK_TYPE@VERSION"));
    assert!(refused("connector-server --log-level loud").contains("debug"));
    assert!(refused("connector-server --max-call-seconds 0").contains("longer than 0"));
    assert!(refused("connector-server --grace-seconds soon").contains("`10m`"));
    let help = read("connector-server --help", &[]).expect_err("help");
    assert!(!help.is_error && help.text.contains("CONNECTOR_PROMETHEUS_PORT"));
    let help = read("connector-server run --help", &[]).expect_err("help");
    assert!(!help.is_error && help.text.contains("CONNECTOR_CONNECT"));
}

fn print(line: &str) -> String {
    match read(line, &[]) {
        Ok(Parsed { command: Command::Print(text), .. }) => text,
        other => panic!("{line} gave {other:?}"),
    }
}

#[test]
fn completions_and_manual_pages_are_for_the_binary_that_prints_them() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let completions = print(&format!("/bin/my-connector completions {shell}"));
        assert!(completions.contains("my-connector"), "{shell}: {completions}");
        for word in ["describe", "prometheus-port", "expect"] {
            assert!(completions.contains(word), "{shell} does not complete {word}");
        }
    }
    assert!(refused("c completions tcsh").contains("bash"));
    let page = print("/bin/my-connector man");
    assert!(
        page.contains(".TH my-connector 1") && page.contains("\\-\\-grace\\-seconds"),
        "{page}"
    );
    let page = print("/bin/my-connector man run");
    assert!(page.contains(".TH my-connector-run 1") && page.contains("\\-\\-twice"), "{page}");
    assert!(page.contains("CONNECTOR_CONNECT"), "variables are told, too: {page}");
    assert!(refused("c man rum").contains("no command `rum`"));
}

#[test]
fn spans_and_sizes_take_units_and_bare_numbers_mean_what_they_meant() {
    let line = "connector-server --max-request-bytes 4096 --max-response-bytes 2MiB \
                --max-error-bytes 999 --max-call-seconds 90 --grace-seconds 1m30s --timeout 500ms";
    let args = serve(line);
    let wanted = Limits {
        max_request_bytes: 4_096,
        max_response_bytes: 2 << 20,
        max_error_bytes: 999,
        max_call: Duration::from_secs(90),
        grace: Duration::from_secs(90),
        ..Limits::default()
    };
    assert_eq!((args.limits(), args.timeout), (wanted, Some(Duration::from_millis(500))));
}

#[test]
fn flags_go_before_variables_and_empty_variables_are_none() {
    let variables = [
        ("CONNECTOR_PORT", "1"),
        ("CONNECTOR_PROMETHEUS_PORT", ""),
        ("CONNECTOR_HOST", "127.0.0.1"),
        ("CONNECTOR_EXPECT", "a@1,b"),
        ("CONNECTOR_MAX_REQUEST_BYTES", "1KiB"),
        ("CONNECTOR_LOG_FORMAT", "json"),
    ];
    for (line, host) in [
        ("connector-server --host ::1", "::1"),
        ("connector-server serve --host=::1", "::1"),
        ("connector-server", "127.0.0.1"),
        ("c0", "127.0.0.1"),
    ] {
        let (args, warnings) = serve_with(line, &variables);
        assert_eq!((args.host.as_str(), args.port, args.prometheus_port), (host, 1, 9090));
        assert_eq!((args.expect.len(), args.limits().max_request_bytes), (2, 1_024), "{line}");
        assert_eq!(warnings, Vec::<String>::new());
    }
    let run = read("c run echo", &[("CONNECTOR_CONNECT", "a:1"), ("CONNECTOR_PORT", "x")]);
    let Command::Run(run) = run.unwrap().command else { panic!("another command") };
    assert_eq!(run.connect.as_deref(), Some("a:1"));
}

#[test]
fn what_kubernetes_sets_for_a_service_is_ignored_with_a_warning() {
    let variables = [
        ("CONNECTOR_PORT", "tcp://10.0.0.1:8000"),
        ("CONNECTOR_PROMETHEUS_PORT", "udp://10.0.0.1:9090"),
    ];
    let (args, warnings) = serve_with("connector-server", &variables);
    assert_eq!((args.port, args.prometheus_port), (8000, 9090));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("CONNECTOR_PORT is ignored"), "{warnings:?}");
    assert!(warnings[0].contains("--port") && !warnings[0].contains("10.0.0.1"), "{warnings:?}");
    let (args, warnings) = serve_with("connector-server --port 1", &variables);
    assert_eq!((args.port, warnings.len()), (1, 1));
}

#[test]
fn a_wrong_variable_is_told_by_its_name_and_not_by_its_value() {
    for (name, value, said) in [
        ("CONNECTOR_PORT", "hunter2", "from 0 to 65535"),
        ("CONNECTOR_LOG_FORMAT", "hunter2", "text and json"),
        ("CONNECTOR_LOG_LEVEL", "hunter2", "debug"),
        ("CONNECTOR_EXPECT", "a,b@", "TASK_TYPE@VERSION"),
        ("CONNECTOR_GRACE_SECONDS", "soon", "`10m`"),
        ("CONNECTOR_MAX_REQUEST_BYTES", "big", "`16MiB`"),
        ("CONNECTOR_WORKER", "hunter2", "digit"),
    ] {
        for line in ["connector-server", "connector-server serve", "c0", "connector-server check"] {
            let told = refused_with(line, &[(name, value)]);
            let begin = format!("error: the environment variable {name}: ");
            assert!(told.starts_with(&begin) && told.contains(said), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
    let told = refused_with("c run echo", &[("CONNECTOR_RUN_LOG_LEVEL", "loud")]);
    assert!(told.contains("CONNECTOR_RUN_LOG_LEVEL: the levels are"), "{told}");
    // A flag that is wrong is still told as a flag.
    let told = refused_with("connector-server --port x", &[("CONNECTOR_PORT", "1")]);
    assert!(told.contains("'--port <PORT>'") && !told.contains("CONNECTOR_PORT"), "{told}");
}

#[test]
fn an_error_of_the_command_line_has_the_form_of_the_log() {
    let json: Environment = [("CONNECTOR_LOG_FORMAT", "json")].into_iter().collect();
    for (line, environment, format) in [
        ("c --port x", Environment::default(), LogFormat::Text),
        ("c --port x", json.clone(), LogFormat::Json),
        ("c --port x --log-format json", Environment::default(), LogFormat::Json),
        ("c --log-format=json --port x", Environment::default(), LogFormat::Json),
        ("c --log-format text --port x", json, LogFormat::Text),
        ("c --log-format", Environment::default(), LogFormat::Text),
    ] {
        let arguments: Vec<_> = line.split(' ').map(Into::into).collect();
        assert_eq!(wished_format(&arguments, &environment), format, "{line}");
    }
}
