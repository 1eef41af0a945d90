//! Task classes written by `connector-server python`: checked, compared with hand-written ones, and run.
//! `generated_tasks.py` imports and runs them with the official SDK and prints what it saw; every
//! expectation stands here. One run of the script serves all tests of this file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use interop_tests::peer::{Server, binary, example};
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;
use serde_json::{Value, json};

const SHIPPED: [&str; 4] = ["batch_job", "echo", "simulator", "typed_echo"];

/// The generated modules, and what they are used with.
#[derive(Debug)]
struct Generated {
    venv: Venv,
    modules: tempfile::TempDir,
    /// The same, but importing what they have in common.
    importing: tempfile::TempDir,
    shipped: PathBuf,
    own: PathBuf,
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

fn generated() -> Option<&'static Generated> {
    static GENERATED: OnceLock<Option<Generated>> = OnceLock::new();
    GENERATED.get_or_init(generate).as_ref()
}

fn generate() -> Option<Generated> {
    let venv = Venv::official_sdk(target(), "generated task classes")?;
    let shipped = binary(target()).unwrap_or_else(|error| panic!("{error}"));
    let own = example(target(), "render_farm").unwrap_or_else(|error| panic!("{error}"));
    let [modules, importing] = ["embed", "import"].map(|runtime| {
        let folder = tempfile::tempdir().unwrap();
        let shipped = SHIPPED.iter().map(|task_type| (&shipped, *task_type));
        for (program, task_type) in shipped.chain([(&own, "render")]) {
            let file = folder.path().join(format!("{task_type}_task.py"));
            let arguments = ["python", task_type, "--runtime", runtime, "--output"];
            stdout(Command::new(program).args(arguments).arg(file));
        }
        folder
    });
    Some(Generated { venv, modules, importing, shipped, own })
}

/// Where the Python package is that modules import what they have in common from.
fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connector-python/python")
}

/// What a command printed, which must have succeeded.
fn stdout(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{text}\n{complaint}");
    text
}

/// What the script saw; nothing if the official SDK cannot be had here.
fn seen(case: &str) -> Option<&'static Value> {
    let seen = seen_all()?;
    Some(&seen.only(case).unwrap_or_else(|error| panic!("{error}"))["seen"])
}

fn seen_all() -> Option<&'static Transcript> {
    static SEEN: OnceLock<Option<Transcript>> = OnceLock::new();
    SEEN.get_or_init(|| generated().map(|it| drive(it, &it.modules))).as_ref()
}

fn drive(generated: &Generated, modules: &tempfile::TempDir) -> Transcript {
    let shipped = Server::of(&generated.shipped).unwrap_or_else(|error| panic!("{error}"));
    let own = Server::of(&generated.own).unwrap_or_else(|error| panic!("{error}"));
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let path = std::env::join_paths([scripts, modules.path().to_owned(), package()]).unwrap();
    let text = stdout(
        generated
            .venv
            .script("generated_tasks.py")
            .args([shipped.address(), own.address()])
            .env("PYTHONPATH", path)
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1"),
    );
    let document: Value = serde_json::from_str(&text).unwrap();
    Transcript::new(document["steps"].as_array().unwrap().clone())
}

#[test]
fn typed_values_come_back_as_the_generated_types() {
    let Some(seen) = seen("typed") else { return };
    let names = [
        "at", "b", "df", "dir", "f", "file", "i", "m", "mode", "opt", "point", "points", "s",
        "took", "xs",
    ];
    assert_eq!(seen["names"], json!(names));
    assert_eq!(seen["different"], json!([]));
    assert_eq!(seen["without opt"], "None");
    for (name, kind) in [
        ("i", "builtins.int"),
        ("b", "builtins.bool"),
        ("took", "datetime.timedelta"),
        ("mode", "typed_echo_task.Mode"),
        ("point", "typed_echo_task.Point"),
        ("file", "flyte.io._file.File"),
        ("df", "flyte.io._dataframe.dataframe.DataFrame"),
    ] {
        assert_eq!(seen["types"][name], kind, "{name}");
    }
}

#[test]
fn untyped_connectors_take_the_interface_and_settings_of_the_user() {
    let Some(batch) = seen("batch") else { return };
    assert_eq!(batch["types"], json!(["str"]));
    assert!(batch["outputs"][0].as_str().unwrap().starts_with("'output-from-"), "{batch}");
    // By name: the simulator sends its outputs in another order than they were declared in.
    assert_eq!(
        seen("simulated").unwrap(),
        &json!({"outputs": ["3", "0.5", "'x'", "True"], "types": ["int", "float", "str", "bool"]})
    );
    let echo = seen("echo").unwrap();
    assert_eq!(echo["types"], json!(["int", "dict", "Point", "str"]));
    assert_eq!(
        (&echo["outputs"][1], &echo["outputs"][3]),
        (&json!("{'x': ['y']}"), &json!("'dee'"))
    );
    // Flyte refuses a task that carries nothing.
    assert_eq!(echo["custom"], json!({"connector": "echo"}));
}

#[test]
fn tasks_of_a_workflow_await_generated_ones() {
    let Some(seen) = seen("awaited") else { return };
    assert_eq!(seen["outputs"], json!(["'output-from- 5 SLOW'"]), "{seen}");
}

/// An error with its code, and a part of its text.
fn assert_error(seen: &Value, code: &str, part: &str) {
    assert_eq!(seen["error"], code, "{seen}");
    assert!(seen["text"].as_str().unwrap().contains(part), "{seen}");
}

#[test]
fn a_failed_job_is_not_tried_again() {
    let Some(failed) = seen("failed") else { return };
    assert_error(failed, "PermanentFailure", "the job of the task simulated is FAILED: job sim-");
    // One of the task, and one of who asks.
    assert_eq!(seen("failed jobs").unwrap()["vendor_jobs"], 2.0);
    assert_error(seen("permanent create").unwrap(), "PermanentFailure", "refused");
    assert_error(seen("missing output").unwrap(), "PermanentFailure", "`other` is missing");
}

#[test]
fn a_retryable_failure_ends_the_attempt_and_is_tried_again() {
    let Some(failed) = seen("retryable") else { return };
    assert_error(failed, "RetryableFailure", "is RETRYABLE_FAILED");
    // Two of the task, which has one retry, and one of who asks.
    assert_eq!(seen("retryable jobs").unwrap()["vendor_jobs"], 3.0);
}

#[test]
fn ctrl_c_deletes_the_job() {
    let Some(seen) = seen("interrupted") else { return };
    assert_eq!(seen["before"], 1.0, "{seen}");
    assert_eq!((&seen["after"], &seen["deletes"]), (&json!(0.0), &json!(1.0)), "{seen}");
    assert_ne!(seen["status"], 0, "{seen}");
}

#[test]
fn settings_secrets_and_every_kind_of_field_reach_the_connector() {
    let Some(seen) = seen("render") else { return };
    let found = &seen["found"];
    assert_eq!(
        found["outputs"][1],
        "'(24, 0.5, None, Fine, [\"a\"], 61, 4, Some((60.0, \"white\", Some(\"l\")))) \
         ([1, 2], None, 3) (7, Some(\"e\"), false, \"main\")'",
        "{found}"
    );
    assert_eq!(found["types"], json!(["Thing", "str", "Shot"]));
    assert_eq!(
        seen["custom"],
        json!({
            "fps": 24, "scale": 0.5, "quality": "FINE", "tags": ["a"], "limit": 61.0, "from": 4,
            "lamp": {"power": 60.0, "colour": "white", "label": "l"},
            "secrets": {"api_key": "farm-key"},
            "configs": {"endpoint": "e", "verify": "false", "api_key": "main"},
        })
    );
    assert_error(&seen["without the secret"], "SecretNotFound", "FARM_KEY");
}

#[test]
fn secrets_arrive_and_stay_secret() {
    let Some(seen) = seen("leaking") else { return };
    assert_error(seen, "PermanentFailure", "api_key=***");
    assert!(!seen["text"].as_str().unwrap().contains("battery"), "{seen}");
}

#[test]
fn a_service_that_cannot_help_is_named() {
    let Some(elsewhere) = seen("not served") else { return };
    assert_error(elsewhere, "NOT_FOUND", "batch_job");
    assert_error(seen("no address").unwrap(), "ConnectorNotFound", "FLYTE_CONNECTOR_ADDRESS");
    assert_error(seen("unreachable").unwrap(), "UNAVAILABLE", "127.0.0.1:1");
}

#[test]
fn templates_equal_those_of_hand_written_classes() {
    let Some(seen) = seen("templates") else { return };
    let templates = seen.as_array().unwrap();
    assert_eq!(templates.len(), 3);
    for template in templates {
        let generated = &template["generated"];
        assert_eq!(generated, &template["handwritten"], "{}", template["type"]);
        assert_eq!(generated["type"], template["type"]);
        assert!(!generated["custom"].as_object().unwrap().is_empty(), "{generated}");
    }
}

/// A text without what is another in every run: names of jobs, and ports.
fn without_names_of_jobs(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let is_random = |part: &str| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        part.len() > 8 && digits > 0 || part.len() > 5 && digits + 1 == part.len()
    };
    let parts = text.split_inclusive(|c| !is_part(c));
    parts.map(|part| if is_random(part) { "…" } else { part }).collect()
}

#[test]
fn modules_that_import_the_runtime_do_the_same() {
    let Some(generated) = generated() else { return };
    let text = |folder: &tempfile::TempDir, name: &str| {
        fs::read_to_string(folder.path().join(name)).unwrap()
    };
    let (embedded, importing) = (
        text(&generated.modules, "typed_echo_task.py"),
        text(&generated.importing, "typed_echo_task.py"),
    );
    assert!(embedded.contains("class _RunsOnService") && !importing.contains("class _Runs"));
    assert!(importing.contains("from flyte_connector_server.tasks import"), "{importing}");
    let seen = seen_all().expect("the SDK is there");
    let again = drive(generated, &generated.importing);
    assert!(seen.steps().len() > 15);
    assert_eq!(seen.steps().len(), again.steps().len());
    for (embedded, importing) in seen.steps().iter().zip(again.steps()) {
        assert_eq!(
            without_names_of_jobs(&embedded.to_string()),
            without_names_of_jobs(&importing.to_string())
        );
    }
}

#[test]
fn modules_satisfy_ruff_and_mypy() {
    let Some(generated) = generated() else { return };
    let Generated { venv, modules, .. } = generated;
    let rules = "E4,E7,E9,F,W,I,UP,B,N,SIM,RUF";
    let mypy = ["--strict", "--cache-dir", "/dev/null"];
    for folder in [modules.path(), generated.importing.path(), &package()] {
        let ruff = || {
            let mut ruff = venv.command("ruff");
            ruff.env("RUFF_NO_CACHE", "true").current_dir(folder);
            ruff
        };
        stdout(ruff().args(["check", "--isolated", "--select", rules, "."]));
        stdout(ruff().args(["format", "--isolated", "--check", "."]));
        let mut checked = venv.command("mypy");
        checked.args(mypy).arg(folder).current_dir(folder).env("MYPYPATH", package());
        stdout(&mut checked);
    }

    // The calls are typed: what does not fit is found before anything runs.
    let wrong = modules.path().join("wrong.py");
    let text = "from batch_job_task import BatchJobTask\nfrom render_task import Thing, RenderTask, \
                RenderConfig\n\nBatchJobTask(nam=\"x\")\ntask = RenderTask(name=\"x\", \
                settings=RenderConfig(scale=1.0))\ntask(root=Thing(\"a\"), frames=[\"x\"])\n";
    fs::write(&wrong, text).unwrap();
    let output = venv.command("mypy").args(mypy).arg(&wrong).current_dir(modules.path()).output();
    fs::remove_file(&wrong).unwrap();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    for part in ["argument \"nam\"", "Missing named argument \"shot\"", "expected \"int\""] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn packages_are_complete_and_keep_what_their_owner_changed() {
    let Some(Generated { venv, shipped, .. }) = generated() else { return };
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("package");
    let write =
        || stdout(Command::new(shipped).args(["python", "echo", "--package"]).arg(&package));
    assert_eq!(write().matches("wrote ").count(), 5);
    let project = package.join("pyproject.toml");
    let text = fs::read_to_string(&project).unwrap();
    fs::write(&project, text.replace("0.1.0", "7.0.0")).unwrap();
    assert_eq!(write().matches("kept ").count(), 2);
    assert!(fs::read_to_string(&project).unwrap().contains("7.0.0"));

    stdout(venv.command("ruff").args(["check", "--isolated", "--no-cache"]).arg(&package));
    stdout(
        venv.command("ruff").args(["format", "--isolated", "--no-cache", "--check"]).arg(&package),
    );
    let question = "import tomllib, echo_task\n\
                    project = tomllib.load(open('pyproject.toml', 'rb'))\n\
                    print(project['project']['name'], echo_task.EchoTask(name='e').task_type)";
    let mut python = venv.command("python");
    python.args(["-c", question]).current_dir(&package).env("PYTHONPATH", package.join("src"));
    assert_eq!(stdout(&mut python).trim(), "echo-task echo");
}

#[test]
fn an_unknown_task_type_is_refused_in_one_line() {
    let Some(Generated { shipped, .. }) = generated() else { return };
    for arguments in [&["nope"] as &[&str], &["typed_echo", "--task-version", "7"]] {
        let output = Command::new(shipped).arg("python").args(arguments).output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"" as &[u8]));
        assert!(complaint.lines().count() == 1 && complaint.contains("typed_echo"), "{complaint}");
    }
}
