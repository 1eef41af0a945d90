//! The README's first connector and then the guide, walked from an empty folder: page after page in the order of the
//! summary, in one project. Every block of commands is typed, every file saved, and what a page shows is looked for in
//! what was printed.
//! How pages are read is told in `steps`; what they say is their own business.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use interop_tests::absent;

use crate::pages::{book, in_order};
use crate::printed::shows;
use crate::project::{Folder, checkout};
use crate::python;
use crate::steps::{Placed, Step, steps};
use crate::terminal::{Ports, Terminal};

/// The project that the pages of the walk are about.
const PROJECT: &str = "my-connector";

#[test]
fn every_command_of_the_guide_does_what_its_page_says() {
    let folder = Folder::shared();
    let sdk = python::official_sdk();
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    let mut typed = 0;
    let pages = in_order().into_iter().map(|page| {
        let text = fs::read_to_string(book().join(&page)).expect("a page");
        (page, text)
    });
    for (page, text) in [read_me()].into_iter().chain(pages) {
        let start = Instant::now();
        let ports = Ports::free();
        let steps = steps(&ports.put_into(&text)).unwrap_or_else(|why| panic!("{page}, {why}"));
        if sdk.is_none() && steps.iter().any(|placed| needs_python(&placed.step)) {
            continue;
        }
        if !has_curl && steps.iter().any(|placed| types(&placed.step, "curl ")) {
            absent::missing(&page, &"there is no curl");
            continue;
        }
        let variables = sdk.clone().unwrap_or_default();
        let place = if begins_a_project(&steps) { "." } else { PROJECT };
        let mut terminal = Terminal::open(&folder, place, &ports, variables);
        typed += take(&page, &steps, &folder, &mut terminal);
        drop(terminal);
        println!("{page}: {} steps in {:.1?}", steps.len(), start.elapsed());
    }
    assert!(typed >= 8, "only {typed} blocks of commands were found");
}

/// The README's first connector: the commands before it are those of this checkout, tests among them.
fn read_me() -> (String, String) {
    let text = fs::read_to_string(checkout().join("README.md")).expect("a README");
    let (_, rest) = text.split_once("\n## Your first connector\n").expect("a first connector");
    let (section, _) = rest.split_once("\n## ").expect("a section after it");
    ("README.md".to_owned(), section.to_owned())
}

/// Whether a page begins in the folder that holds the clone. Other pages are for the project of the walk.
fn begins_a_project(steps: &[Placed]) -> bool {
    steps.first().is_some_and(|placed| types(&placed.step, "cargo new "))
}

/// Whether a reader without Python stops before this.
fn needs_python(step: &Step) -> bool {
    match step {
        Step::Save { file, .. } => Path::new(file).extension().is_some_and(|kind| kind == "py"),
        step => types(step, "python3 "),
    }
}

fn types(step: &Step, program: &str) -> bool {
    match step {
        Step::Type { commands, .. } | Step::Serve { commands } => commands.contains(program),
        Step::Save { .. } | Step::Find { .. } => false,
    }
}

/// Takes the steps of a page; answers how many of them were commands.
fn take(page: &str, steps: &[Placed], folder: &Folder, terminal: &mut Terminal<'_>) -> usize {
    let mut typed = 0;
    // What the last commands printed; nothing while a server prints.
    let mut printed = None;
    for Placed { line, step } in steps {
        match step {
            Step::Save { file, content } => {
                let path = terminal.place().join(file);
                fs::write(&path, content).unwrap_or_else(|why| panic!("{page}, {line}: {why}"));
            }
            Step::Type { commands, succeeds } => {
                let (success, output) = terminal.types(commands);
                assert_eq!(success, *succeeds, "{page}, line {line}: {commands}\n{output}");
                let warned = output.lines().any(|line| line.starts_with("warning: "));
                assert!(!warned, "{page}, line {line}: the compiler warns:\n{output}");
                folder.share_builds_with(&terminal.place());
                printed = Some(output);
                typed += 1;
            }
            Step::Serve { commands } => {
                terminal.serves(commands);
                printed = None;
                typed += 1;
            }
            Step::Find { printed: expected } => {
                let (found, output) = match (&printed, terminal.server()) {
                    (Some(output), _) => (shows(output, expected), output.clone()),
                    (None, Some(server)) => {
                        let found = server.prints(|output| shows(output, expected));
                        (found, server.printed().to_owned())
                    }
                    (None, None) => (false, String::new()),
                };
                assert!(
                    found,
                    "{page}, line {line} shows\n{expected}\nbut this was printed:\n{output}"
                );
            }
        }
    }
    typed
}
