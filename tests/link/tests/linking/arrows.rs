//! Arrows between crates point one way: what each may link, asked of cargo itself.
//! A dependency that goes round a corner counts as much as one that stands in the manifest.

use std::process::Command;

/// What `cargo tree` says a crate links, itself left out.
fn linked_by(package: &str) -> Vec<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none"]);
    tree.args(["--format", "{p}", "--package", package]);
    let output = tree.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().skip(1).filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

fn assert_without(package: &str, barred: &[&str]) {
    let linked = linked_by(package);
    assert!(!linked.is_empty(), "{package} links nothing at all?");
    for name in barred {
        assert!(!linked.iter().any(|linked| linked == name), "{package} links {name}");
    }
}

/// Crates of a wire, a listener, a command line, an exposition format.
const WIRE: [&str; 8] =
    ["tonic", "hyper", "h2", "http", "clap", "axum", "prometheus", "tracing-subscriber"];

#[test]
fn the_gate_knows_no_wire_no_listener_and_no_metrics_library() {
    assert_without("connector-gate", &WIRE);
    assert!(linked_by("connector-gate").contains(&"connector-core".to_owned()));
}

#[test]
fn core_knows_neither_gate_nor_service() {
    assert_without("connector-core", &WIRE);
    assert_without("connector-core", &["connector-gate", "connector-service"]);
}

#[test]
fn python_classes_are_written_from_descriptions_alone() {
    assert_without("connector-python", &WIRE);
    assert_without("connector-python", &["connector-gate", "connector-service"]);
}

#[test]
fn the_service_knows_no_connector() {
    assert_without("connector-service", &["connector-examples", "connector-testing"]);
    assert_without("connector-examples", &["connector-gate", "connector-service"]);
}
