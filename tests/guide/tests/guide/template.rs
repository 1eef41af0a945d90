//! `templates/connector` becomes a project that builds, passes its tests and runs.
//! `cargo generate` makes it, by the command in `templates/README.md`; without that program its work is done here.
//! What the project's connector does is said in the template.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::project::{Folder, checkout};
use crate::steps::{Step, steps};

const NAME: &str = "my-greeter";
const INSTALL: &str = "cargo install cargo-generate\n";

#[test]
fn a_project_from_the_template_builds_passes_its_tests_and_runs() {
    let folder = Folder::shared();
    let command = command_of_the_readme();
    let told = Command::new("cargo")
        .args(["generate", "--version"])
        .stderr(Stdio::null())
        .output()
        .expect("cargo");
    if told.status.success() {
        folder.run("sh", &["-ec", &command], ".");
    } else {
        let sdk = folder.path().join("flyte-connectors").display().to_string();
        let values = [
            ("{{project-name}}", NAME),
            ("{{crate_name}}", "my_greeter"),
            ("{{task_type}}", "greeting"),
            ("{{sdk}}", &sdk),
        ];
        fill_in(&checkout().join("templates/connector"), &folder.path().join(NAME), &values);
    }
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

/// The command that makes a project, without the one that installs `cargo generate`.
fn command_of_the_readme() -> String {
    let page = fs::read_to_string(checkout().join("templates/README.md")).expect("a README");
    let steps = steps(&page).unwrap_or_else(|why| panic!("{why}"));
    let [only] = steps.as_slice() else { panic!("one block of commands, not {steps:?}") };
    let Step::Type { commands, .. } = &only.step else { panic!("commands, not {only:?}") };
    let generate = commands.strip_prefix(INSTALL).expect("first the installation");
    for part in ["--path flyte-connectors/templates/connector", "--name my-greeter"] {
        assert!(generate.contains(part), "{generate}");
    }
    generate.to_owned()
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
