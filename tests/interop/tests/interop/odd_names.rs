//! A generated class with names and types that Python has trouble with, run with the official SDK.
//! `odd_names.py` runs it against `examples/odd_names.rs` and prints what it saw; every expectation
//! stands here. One run of the script serves all tests of this file.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use interop_tests::peer::{Server, binary, example};
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;
use serde_json::{Value, json};

/// The generated modules, and who serves them.
#[derive(Debug)]
struct Generated {
    venv: Venv,
    modules: tempfile::TempDir,
    server: std::path::PathBuf,
}

fn generated() -> Option<&'static Generated> {
    static GENERATED: OnceLock<Option<Generated>> = OnceLock::new();
    GENERATED.get_or_init(generate).as_ref()
}

fn generate() -> Option<Generated> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = Venv::official_sdk(target, "generated classes with odd names")?;
    let shipped = binary(target).unwrap_or_else(|error| panic!("{error}"));
    let server = example(target, "odd_names").unwrap_or_else(|error| panic!("{error}"));
    let modules = tempfile::tempdir().unwrap();
    for (program, task_type) in
        [(&shipped, "typed_echo"), (&shipped, "batch_job"), (&server, "odd")]
    {
        let file = modules.path().join(format!("{task_type}_task.py"));
        let written =
            Command::new(program).args(["python", task_type, "--output"]).arg(file).output();
        let written = written.unwrap();
        // Nothing about these types is doubtful, which would be told.
        assert_eq!(String::from_utf8_lossy(&written.stderr), "");
        assert!(written.status.success());
    }
    Some(Generated { venv, modules, server })
}

/// What the script saw; nothing if the official SDK cannot be had here.
fn seen(case: &str) -> Option<&'static Value> {
    static SEEN: OnceLock<Option<Transcript>> = OnceLock::new();
    let seen = SEEN.get_or_init(|| generated().map(drive)).as_ref()?;
    Some(&seen.only(case).unwrap_or_else(|error| panic!("{error}"))["seen"])
}

fn drive(generated: &Generated) -> Transcript {
    let server = Server::of(&generated.server).unwrap_or_else(|error| panic!("{error}"));
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let path = std::env::join_paths([scripts, generated.modules.path().to_owned()]).unwrap();
    // The SDK caches what tasks gave under the home folder.
    let home = tempfile::tempdir().unwrap();
    let mut script = generated.venv.script("odd_names.py");
    let output = script
        .arg(server.address())
        .env("PYTHONPATH", path)
        .env("HOME", home.path())
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}\nthe server printed:\n{}", server.output());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    Transcript::new(document["steps"].as_array().unwrap().clone())
}

#[test]
fn the_module_satisfies_ruff_and_mypy() {
    let Some(Generated { venv, modules, .. }) = generated() else { return };
    let check = |command: &mut Command| {
        let output = command.current_dir(modules.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command:?}\n{said}");
    };
    let rules = "E4,E7,E9,F,W,I,UP,B,N,SIM,RUF";
    let ruff = ["check", "--isolated", "--no-cache", "--select", rules, "odd_task.py"];
    check(venv.command("ruff").args(ruff));
    check(venv.command("ruff").args([
        "format",
        "--isolated",
        "--no-cache",
        "--check",
        "odd_task.py",
    ]));
    check(venv.command("mypy").args(["--strict", "--cache-dir", "/dev/null", "odd_task.py"]));
}

#[test]
fn every_input_comes_back_under_its_name() {
    let Some(seen) = seen("echoed") else { return };
    assert_eq!(seen["different"], json!([]), "{seen}");
    assert_eq!(seen["by_name"], json!([]), "{seen}");
    // In the order of their names, as in a cluster.
    assert_eq!(
        seen["names"],
        json!([
            "at",
            "choices",
            "count_",
            "day",
            "exception",
            "from_",
            "json",
            "level",
            "many",
            "maybe",
            "mode",
            "options",
            "point",
            "row",
            "seen",
            "self",
            "settings",
            "took"
        ])
    );
    // Otherwise the test would show little.
    for (name, part) in [
        ("at", "9999, 12, 31, 23, 59, 59, 999999"),
        ("day", "9999, 12, 31"),
        ("took", "days=999999999, seconds=86399, microseconds=999999"),
        ("mode", "<None_.None: 'none'>"),
        ("level", "<Level.HIGH: -5>"),
        ("from", "Point(from_=7, field_none=8)"),
        ("point", "Point2(value=1.0, class_=<None_.a-b: 'dashed'>, inner=Point("),
        ("exception", "Exception2(json_='j'"),
        ("options", "'a-b': 'x', 'row': Row(number=2, level=<Level.HIGH: -5>)"),
        ("json", "{'a': 1.0, 'b': [1, None, {'c': 'x'}], 'big': 9223372036854775808}"),
        ("many", "[{}, {'x': -0.0}]"),
        ("choices", "shape=Square(side=2.5), row=Row(number=3, level=<Level.HIGH: -5>)"),
    ] {
        assert!(seen["repr"][name].as_str().unwrap().contains(part), "{name}: {seen}");
    }
    // What the connector saw of them.
    let choices = seen["seen"]["choices"].as_str().unwrap();
    assert!(choices.contains("when: Time(2024-01-02T03:04:05.678901Z)"), "{choices}");
    assert!(choices.contains("said: Time("), "{choices}");
    assert_eq!(seen["seen"]["json"]["a"].to_string(), "1.0");
    assert_eq!(seen["seen"]["interface"], 4);
}

#[test]
fn a_workflow_names_every_input_also_one_called_self() {
    let Some(seen) = seen("awaited") else { return };
    assert_eq!(seen, &json!(["5 None 9999-12-31T23:59:59.999999+00:00"]));
}

#[test]
fn outputs_have_the_same_names_in_a_cluster() {
    let Some(seen) = seen("in a cluster") else { return };
    // The SDK sorts them; so does the class, and `X(*outputs)` is right in both places.
    assert_eq!(seen["order"], seen["declared"]);
    assert_eq!(seen["order"].as_array().unwrap().len(), 15);
    assert_eq!(seen["different"], json!([]));
    assert_eq!(seen["by_name"], json!([]));
    // Where a user declares them, their order is his, and names are asked for.
    assert_eq!(seen["untyped"]["cluster"], json!({"z": 1, "a": "x"}));
    assert_eq!(seen["untyped"]["local"], json!({"z": 1, "a": "x"}));
}

#[test]
fn large_numbers_travel_as_digits_and_arrive_as_they_are() {
    let Some(seen) = seen("settings") else { return };
    let (custom, seen) = (&seen["custom"], &seen["seen"]);
    assert_eq!(custom["large"], "-9007199254740993");
    assert_eq!(custom["larger"], json!(["9007199254740992", "18446744073709551615", 1]));
    assert_eq!(custom["keyed"], json!({"-1152921504606846976": "1152921504606846976", "1": 2}));
    assert_eq!(custom["inner"], json!({"from": "36028797018963968"}));
    assert_eq!(custom["import"], "a-b");
    assert!(custom["ratio"].is_f64(), "{custom}");

    assert_eq!(seen["large"], -9_007_199_254_740_993_i64);
    assert_eq!(seen["larger"], json!([9_007_199_254_740_992_u64, u64::MAX, 1]));
    assert_eq!(seen["keyed"], json!([[-(1_i64 << 60), 1_i64 << 60], [1, 2]]));
    assert_eq!(seen["inner"], json!([1_i64 << 55, null]));
    assert_eq!(seen["import"], "Dashed");
    assert_eq!(seen["took"], "25920000000000007", "microseconds, which no float of them keeps");
    assert_eq!(seen["free"], json!({"n": 9_007_199_254_740_991_i64, "x": 1.5, "l": [true, null]}));
    assert_eq!(seen["endpoint"], "e");
}

#[test]
fn what_a_task_cannot_carry_is_refused_by_name() {
    let Some(seen) = seen("refused") else { return };
    for (case, part) in [
        ("nan", "the setting 'ratio' is nan"),
        ("free", "the setting 'free.a[0].n' is 9007199254740992"),
        ("bytes", "the setting 'free' is of the type bytes"),
        ("key", "the setting 'free.a' has the key 1.5"),
    ] {
        assert!(seen[case].as_str().unwrap().contains(part), "{case}: {seen}");
    }
}

#[test]
fn a_cache_version_is_made_of_what_makes_the_task() {
    let Some(seen) = seen("versions") else { return };
    let versions = seen["versions"].as_object().unwrap();
    let first = &versions["first"];
    assert_ne!(
        first, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "of nothing"
    );
    for same in ["same", "overridden"] {
        assert_eq!(&versions[same], first, "{same}");
    }
    let differing = [
        "first",
        "settings",
        "changed",
        "connection",
        "class version",
        "task type",
        "salt",
        "untyped",
        "untyped settings",
    ];
    let all: std::collections::BTreeSet<&str> =
        differing.iter().map(|name| versions[*name].as_str().unwrap()).collect();
    assert_eq!(all.len(), differing.len(), "{seen}");
    assert_eq!(versions["given"], "mine");
    assert_eq!(seen["off"], false);
    // The SDK's own cache asks for the same version: the second and the last are answered by the first.
    assert_eq!(self::seen("cached").unwrap(), &json!([0, 0, 1, 0]));
}
