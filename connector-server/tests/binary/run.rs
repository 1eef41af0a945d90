//! `run` of the binary, as a user calls it: outputs on standard output, progress on standard error, exit
//! codes, another process behind `--connect`, Ctrl-C.

use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use connector_core::custom_info::{json_to_struct, struct_to_json};
use connector_core::{literal, pb as core_pb};
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use prost::Message as _;
use serde_json::{Value, json};
use tonic::transport::Endpoint;

use crate::serving::a_moment;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    command.arg("run").args(args).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    fn outputs(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        for word in words {
            assert!(self.stderr.contains(word), "{word} is not in: {}", self.stderr);
        }
    }
}

fn run(args: &[&str]) -> Ran {
    Ran::of(&mut command(args))
}

/// A server in a process of its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let (child, url) = crate::serving::start(|command| command.stderr(Stdio::null()));
        Self { child, address: url.trim_start_matches("http://").to_owned() }
    }

    /// The counters the simulator keeps under a tag, read through a job of another kind.
    async fn counters(&self, tag: &str) -> Value {
        let address = format!("http://{}", self.address);
        let channel = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
        let mut client = AsyncConnectorServiceClient::new(channel);
        let template = core_pb::TaskTemplate {
            r#type: "simulator".to_owned(),
            custom: Some(json_to_struct(json!({"tag": tag})).unwrap()),
            ..Default::default()
        };
        let request =
            pb::CreateTaskRequest { template: Some(Box::new(template)), ..Default::default() };
        let created = client.create_task(request).await.unwrap().into_inner();
        let request = pb::GetTaskRequest {
            resource_meta: created.resource_meta,
            task_category: Some(pb::TaskCategory { name: "simulator".to_owned(), version: 0 }),
            ..Default::default()
        };
        let resource = client.get_task(request).await.unwrap().into_inner().resource.unwrap();
        struct_to_json(&resource.custom_info.unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A run under way.
struct UnderWay {
    child: Child,
    stdout: ChildStdout,
    told: Lines<BufReader<ChildStderr>>,
}

impl UnderWay {
    fn start(args: &[&str]) -> Self {
        Self::of(&mut command(args))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, stdout, told }
    }

    fn until(&mut self, words: &str) {
        assert!(self.told.by_ref().map(Result::unwrap).any(|line| line.contains(words)), "{words}");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn end(mut self) -> Ran {
        let told: Vec<String> = self.told.map(Result::unwrap).collect();
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        Ran { code, stdout, stderr: told.join("\n") }
    }
}

#[test]
fn a_job_runs_from_create_to_its_outputs() {
    let ran = run(&["batch_job", "--config", "duration_seconds=0", "--logs", "--twice"]);
    let result = ran.outputs()["result"].as_str().unwrap().to_owned();
    let job = result.strip_prefix("output-from-").unwrap();
    for told in [
        "CREATING  batch_job@0".to_owned(),
        "--twice: both creates named the same job".to_owned(),
        format!("SUCCEEDED  job {job} succeeded"),
        format!("log: job {job} finished"),
    ] {
        assert!(ran.stderr.contains(&told), "{told} is not in: {}", ran.stderr);
    }
    let link = format!("https://batch.example.com/jobs/{job}");
    assert_eq!(ran.stderr.matches(&link).count(), 1);
}

#[test]
fn a_task_without_a_job_is_not_told_of_as_one() {
    let ran = run(&["sync_echo", "--input", "a=1", "--twice"]);
    assert_eq!((ran.code, ran.outputs()), (0, json!({"a": 1})));
    let told = "knew nothing of the first run ran the task again, and it ended alike";
    assert!(ran.stderr.contains(told) && !ran.stderr.contains("same job"), "{}", ran.stderr);
    let ran = run(&["sync_echo", "--config", "do=retryable"]);
    assert!(ran.stderr.contains("the task could not be run: Internal"), "{}", ran.stderr);
}

#[test]
fn links_and_unchanged_news_are_told_once() {
    let phases = r#"phases=["RUNNING","RUNNING","SUCCEEDED"]"#;
    let ran = run(&["simulator", "--config", phases, "--interval", "0"]);
    assert_eq!(ran.outputs(), json!({}));
    assert_eq!(ran.stderr.matches("https://simulator.example.com").count(), 1, "{}", ran.stderr);
}

#[test]
fn untyped_inputs_are_guessed() {
    let given = ["--input", "i=5", "--input", "f=1.0", "--input", "b=true", "--input", "s=a b"];
    let more = ["--input", "xs=[1, 2]", "--input", r#"o={"k": null}"#, "--input", "q=\"5\""];
    let ran = run(&[&["echo"], &given[..], &more[..]].concat());
    let wanted =
        json!({"i": 5, "f": 1.0, "b": true, "s": "a b", "xs": [1, 2], "o": {"k": null}, "q": "5"});
    assert_eq!(ran.outputs(), wanted);
}

#[test]
fn typed_inputs_are_read_by_their_types_and_outputs_can_be_given_back() {
    let point = json!({"x": 1, "y": 2.5, "label": null, "tags": ["a"], "at": "2024-01-02T03:04:05Z",
        "took": 90.5, "mode": "slow"});
    let values = json!({"i": 1, "f": 2, "s": "5", "b": true, "at": "2024-01-02T03:04:05Z",
        "took": "PT1M30.5S", "xs": [1], "m": {"a": 1}, "mode": "fast", "point": point,
        "points": [point], "file": "s3://b/f", "dir": {"path": "s3://b/d"}, "df": "s3://b/t"});
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.json"), folder.path().join("2.json"));
    std::fs::write(&first, values.to_string()).unwrap();
    let once = run(&["typed_echo@1", "--inputs", first.to_str().unwrap(), "--input", "s=7"]);
    let outputs = once.outputs();
    assert_eq!(
        (&outputs["s"], &outputs["f"], &outputs["opt"]),
        (&json!("7"), &json!(2.0), &json!(null))
    );
    assert_eq!((&outputs["mode"], &outputs["took"]), (&json!("FAST"), &json!("PT1M30.5S")));
    assert_eq!(outputs["dir"]["path"], "s3://b/d");
    std::fs::write(&second, &once.stdout).unwrap();
    let again = run(&["typed_echo", "--inputs", second.to_str().unwrap()]);
    assert_eq!(again.outputs(), outputs);
}

#[test]
fn outputs_go_to_a_file_as_flyte_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outputs.pb");
    let ran = run(&["echo", "--input", "a=5", "--output", file.to_str().unwrap()]);
    ran.says(0, &["succeeded"]);
    let outputs = core_pb::task::Outputs::decode(&*std::fs::read(&file).unwrap()).unwrap();
    let [only] = &outputs.literals[..] else { panic!("{outputs:?}") };
    assert_eq!((only.name.as_str(), &only.value), ("a", &Some(literal::integer(5))));
}

#[test]
fn templates_say_type_settings_and_interface() {
    let folder = tempfile::tempdir().unwrap();
    let (json, binary) = (folder.path().join("t.json"), folder.path().join("t.pb"));
    let (json, binary) = (json.to_str().unwrap(), binary.to_str().unwrap());
    let text = json!({"type": "batch_job", "custom": {"duration_seconds": -1},
        "interface": {"inputs": {"variables": []}}});
    std::fs::write(json, text.to_string()).unwrap();
    run(&["batch_job", "--template", json]).says(1, &["must be 0 or more"]);
    let flag = ["--config", "duration_seconds=0"];
    assert_eq!(run(&["batch_job", "--template", json, flag[0], flag[1]]).code, 0);
    let template = core_pb::TaskTemplate { r#type: "echo".to_owned(), ..Default::default() };
    std::fs::write(binary, template.encode_to_vec()).unwrap();
    let ran = run(&["echo", "--template", binary, "--input", "a=1"]);
    assert_eq!(ran.outputs(), json!({"a": 1}));
    assert!(ran.stderr.contains("no settings"));
    run(&["batch_job", "--template", binary]).says(2, &["echo@0"]);
}

#[test]
fn a_failed_job_ends_with_1() {
    let failed = r#"phases=["RUNNING","FAILED"]"#;
    run(&["simulator", "--config", failed, "--interval", "0"]).says(1, &["failed after", "poll 1"]);
    run(&["simulator", "--config", "create=invalid"]).says(1, &["refused the job"]);
    let retryable = ["simulator", "--config", r#"phases=["RETRYABLE_FAILED"]"#];
    let once = run(&retryable);
    once.says(1, &["RETRYABLE_FAILED"]);
    assert!(!once.stderr.contains("attempt 2"));
    let twice = run(&[&retryable[..], &["--retries", "1", "--interval", "0"]].concat());
    twice.says(1, &["attempt 2", "the job is deleted"]);
    assert!(!twice.stderr.contains("attempt 3"));
}

#[test]
fn a_job_is_deleted_in_the_end_if_that_is_wanted() {
    let args = ["simulator", "--interval", "0", "--delete-after"];
    let ran = run(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("the job is deleted"), "{}", ran.stderr);
    let ran = run(&[&args[..], &["--config", "delete=permanent"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("succeeded") && ran.stderr.contains("could not be deleted"));
}

#[test]
fn a_transient_failure_does_not() {
    let gets = r#"get=["transient","ok"]"#;
    assert_eq!(run(&["simulator", "--config", gets, "--interval", "0"]).outputs(), json!({}));
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_to_do() {
    run(&["no_such"]).says(2, &["no connector serves no_such", "batch_job@0"]);
    run(&["bath_job"]).says(2, &["no connector serves bath_job", "did you mean batch_job?"]);
    run(&["batch_job@7"]).says(2, &["batch_job@7"]);
    run(&["batch_job", "--input", "x"]).says(2, &["NAME=VALUE"]);
    run(&["batch_job", "--interval", "soon"]).says(2, &["500ms"]);
    run(&["echo", "--inputs", "nowhere.json"]).says(2, &["nowhere.json"]);
    run(&["batch_job", "--connect", "127.0.0.1:1"]).says(2, &["127.0.0.1:1", "running there"]);
    run(&["batch_job", "--connect", "https://a:1"]).says(2, &["https", "plaintext"]);
    let wrong = ["--input", "i=x", "--input", "ii=1"];
    run(&[&["typed_echo"], &wrong[..]].concat())
        .says(2, &["`i`: expected an int", "`ii`: the task"]);
}

#[test]
fn help_says_what_the_exit_codes_mean() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for words in ["0 the task succeeded", "1 the task failed", "2 wrong usage", "--connect"] {
        assert!(help.stdout.contains(words), "{words} is not in: {}", help.stdout);
    }
}

#[test]
fn secrets_come_from_the_environment_and_are_not_shown() {
    let args = [
        "simulator",
        "--config",
        "leak_secret=true",
        "--config",
        r#"secrets={"api_key": "RUN_TEST_KEY"}"#,
        "--interval",
        "0",
        "--logs",
    ];
    run(&args).says(2, &["`api_key`", "`RUN_TEST_KEY`", "not set"]);
    let ran = Ran::of(command(&args).env("RUN_TEST_KEY", "run-test-secret"));
    assert_eq!(ran.outputs(), json!({}));
    assert!(
        ran.stderr.contains("***") && !ran.stderr.contains("run-test-secret"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn another_process_does_the_same() {
    let server = Server::start();
    let connect = ["--connect", &server.address];
    let ran = run(&[&["echo", "--input", "a=5"], &connect[..]].concat());
    assert_eq!(ran.outputs(), json!({"a": 5}));
    let args = ["simulator", "--config", "tag=other-process", "--interval", "0", "--twice"];
    assert_eq!(run(&[&args[..], &connect[..]].concat()).outputs(), json!({}));
    // The second run is another job, though it looks the same.
    assert_eq!(run(&[&args[..], &connect[..]].concat()).outputs(), json!({}));
    let counters = server.counters("other-process").await;
    assert_eq!(counters["creates"], 3, "two runs and the question itself: {counters}");
}

#[tokio::test]
async fn an_interrupt_deletes_the_job() {
    let server = Server::start();
    for (number, signal) in ["INT", "TERM"].into_iter().enumerate() {
        let tag = format!("tag=interrupted-{number}");
        let phases = r#"phases=["RUNNING"]"#;
        let args = ["simulator", "--config", &tag, "--config", phases, "--interval", "1h"];
        let mut run = UnderWay::start(&[&args[..], &["--connect", &server.address]].concat());
        run.until("https://simulator.example.com");
        run.signal(signal);
        run.end().says(1, &["the job is deleted", "interrupted after"]);
        let counters = server.counters(&format!("interrupted-{number}")).await;
        // The question itself is the job that lives.
        assert_eq!((&counters["deletes"], &counters["live_jobs"]), (&json!(1), &json!(1)));
    }
}

#[test]
fn a_service_that_goes_away_is_asked_as_often_as_flyte_asks() {
    let server = Server::start();
    let phases = r#"phases=["RUNNING"]"#;
    let args = ["simulator", "--config", phases, "--interval", "100ms"];
    let mut run = UnderWay::start(&[&args[..], &["--connect", &server.address]].concat());
    run.until("https://simulator.example.com");
    drop(server);
    run.end().says(1, &["poll failed (6)", "could not be deleted", "6 polls failed"]);
}

#[test]
fn a_second_interrupt_leaves_at_once() {
    let mut run = UnderWay::start(&["simulator", "--config", "create_delay_ms=3600000"]);
    run.until("CREATING");
    run.signal("INT");
    run.until("waiting for the job");
    // As long as a person needs to read a line and press a key again.
    a_moment(Duration::from_millis(400));
    run.signal("INT");
    run.end().says(1, &["interrupted after"]);
}

#[test]
fn one_interrupt_sent_to_process_and_group_is_no_second_one() {
    let delay = ["--config", "create_delay_ms=1500"];
    let phases = ["--config", r#"phases=["RUNNING"]"#];
    let mut command = command(&[&["simulator"], &delay[..], &phases].concat());
    let mut run = UnderWay::of(command.process_group(0));
    run.until("CREATING");
    // As `timeout -s INT` does it.
    let process = run.child.id().to_string();
    let kill = "kill -s INT \"$0\"; kill -s INT -- \"-$0\"; kill -s TERM \"$0\"";
    assert!(Command::new("sh").args(["-c", kill, &process]).status().unwrap().success());
    // Were they two, the job would be left behind.
    run.end().says(1, &["the job is deleted", "interrupted after"]);
}

#[test]
fn the_loss_of_the_terminal_deletes_the_job() {
    let args = ["simulator", "--config", r#"phases=["RUNNING"]"#, "--interval", "1h"];
    let mut run = UnderWay::start(&args);
    run.until("https://simulator.example.com");
    run.signal("HUP");
    run.end().says(1, &["the job is deleted", "interrupted after"]);
}
