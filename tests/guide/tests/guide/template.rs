//! `templates/connector` becomes a project that builds, passes its tests and runs.
//! The placeholders are filled in as `cargo generate` does.
//! What the project's connector does is said in the template.

use std::fs;
use std::path::Path;

use crate::project::{Folder, checkout};

const NAME: &str = "my-greeter";

#[test]
fn a_project_from_the_template_builds_passes_its_tests_and_runs() {
    let folder = Folder::new("template");
    let sdk = checkout().display().to_string();
    let values = [
        ("{{project-name}}", NAME),
        ("{{crate_name}}", "my_greeter"),
        ("{{task_type}}", "greeting"),
        ("{{sdk}}", &sdk),
    ];
    fill_in(&checkout().join("templates/connector"), &folder.path().join(NAME), &values);
    folder.lock(NAME);
    let cargo = |arguments: &[&str]| folder.run(env!("CARGO"), arguments, NAME);

    cargo(&["build"]);
    let tested = cargo(&["test"]);
    let rules = connector_testing::conformance::rules();
    for rule in &rules {
        assert!(tested.contains(&format!("test conformance::{rule} ... ok")), "{rule}:\n{tested}");
    }
    let listed = cargo(&["run", "--", "list"]);
    assert!(listed.contains("greeting"), "{listed}");
    let outputs =
        cargo(&["run", "--", "run", "greeting", "--interval", "10ms", "--input", "name=Ada"]);
    assert!(outputs.contains("hello Ada"), "{outputs}");
    let module = cargo(&["run", "--", "python", "greeting"]);
    assert!(module.contains("class GreetingTask"), "{module}");
}

/// Copies a folder with every placeholder replaced.
fn fill_in(from: &Path, to: &Path, values: &[(&str, &str)]) {
    fs::create_dir_all(to).expect("a folder for the project");
    for entry in fs::read_dir(from).expect("the template") {
        let entry = entry.expect("an entry of the template");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            fill_in(&from, &to, values);
        } else if entry.file_name() != "cargo-generate.toml" {
            let text = fs::read_to_string(&from).expect("a text");
            let text = values.iter().fold(text, |text, (name, value)| text.replace(name, value));
            assert!(!text.contains("{{"), "{}: an unknown placeholder", from.display());
            fs::write(&to, text).expect("a file of the project");
        }
    }
}
