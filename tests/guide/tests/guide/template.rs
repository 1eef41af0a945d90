//! `templates/connector` becomes a project that builds, passes its tests and runs.
//! `cargo generate` makes it, by the command in `templates/README.md`; without that program its work is done here.
//! What the project's connector does is said in the template.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::pages::book;
use crate::program::Program;
use crate::project::{Folder, checkout};
use crate::steps::{Step, steps};

const NAME: &str = "my-greeter";
/// Where the README of a project says that its made-up vendor is.
const VENDOR: &str = "http://127.0.0.1:8800";
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
            ("{{task_type | upcase}}", "GREETING"),
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
    let mut vendor = folder.command(env!("CARGO"), NAME);
    vendor.args(["run", "--quiet", "--example", "vendor", "127.0.0.1:0"]);
    let mut vendor = Program::start(vendor);
    assert!(vendor.prints(|said| said.contains("takes the key")), "{}", vendor.printed());
    let url = vendor.printed().split_whitespace().next().expect("an address").to_owned();
    let read_me = fs::read_to_string(folder.path().join(NAME).join("README.md")).expect("a README");
    let outputs = folder.run("sh", &["-ec", &last_commands(&read_me).replace(VENDOR, &url)], NAME);
    assert!(outputs.contains("hello Ada"), "{outputs}");
    let module = cargo(&["run", "--", "python", "greeting"]);
    assert!(module.contains("class GreetingTask"), "{module}");
}

/// The template begins where the guide's page ends.
#[test]
fn the_vendor_of_the_template_is_the_one_of_the_guide() {
    let page = fs::read_to_string(book().join("real-vendor.md")).expect("a page");
    let steps = steps(&page).unwrap_or_else(|why| panic!("{why}"));
    let saved = steps.iter().find_map(|placed| match &placed.step {
        Step::Save { file, content } if file == "src/vendor.rs" => Some(content.as_str()),
        _ => None,
    });
    let template = checkout().join("templates/connector/src/vendor.rs");
    assert_eq!(saved, fs::read_to_string(template).ok().as_deref());
}

/// The last block of commands of a page.
fn last_commands(page: &str) -> String {
    let steps = steps(page).unwrap_or_else(|why| panic!("{why}"));
    match steps.last().map(|placed| &placed.step) {
        Some(Step::Type { commands, .. }) if commands.contains(VENDOR) => commands.clone(),
        other => panic!("commands for the vendor at {VENDOR}, not {other:?}"),
    }
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
