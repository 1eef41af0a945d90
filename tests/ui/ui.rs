//! Compiles the cases beside this file: those in `fail` must be rejected in the recorded words,
//! those in `pass` must compile and run. `cargo test -p ui-tests` runs it; README.md has the rules.
//! Nothing is asserted about generated code here, only about what an author sees.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its cases must fail")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// rustc words its own part of a message anew in almost every release.
const BASELINE_COMPILER: &str = "rustc 1.95.";

#[test]
fn passing_cases() {
    build_without_debug_info();
    trybuild::TestCases::new().pass("pass/*/*.rs");
}

/// Apart from the passing ones: cases of which none has to run are checked by one cargo, all at once.
#[test]
fn failing_cases() {
    build_without_debug_info();
    let compiler = compiler();
    if compiler.starts_with(BASELINE_COMPILER) {
        // Compiles, compares, and records if asked to; only then are the records complete.
        trybuild::TestCases::new().compile_fail("fail/*/*/*.rs");
    } else {
        // Past the test harness, which hides what a passing test prints.
        let mut terminal = std::io::stderr();
        writeln!(
            terminal,
            "skipped: fail/ is recorded under {BASELINE_COMPILER}x and this is {compiler}"
        )
        .unwrap();
    }
    check_every_mistake_is_one_error();
    check_no_error_blames_the_macro();
    check_every_record_has_its_case();
}

/// trybuild compiles all dependencies once more, below the target folder and by no profile of this workspace:
/// with what a debugger reads, which nobody reads there, that takes more room than all other tests.
fn build_without_debug_info() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let folder = target.join("tests/trybuild/.cargo");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), "[profile.dev]\ndebug = false\n").unwrap();
    });
}

/// One mistake is one error, and every case is recorded. A case with several mistakes says how
/// many in its head: `//! errors: 3`.
fn check_every_mistake_is_one_error() {
    let mut wrong = Vec::new();
    let cases = files("fail", "rs");
    assert!(cases.len() >= 200, "only {} cases found", cases.len());
    for case in &cases {
        let source = fs::read_to_string(case).unwrap();
        let mistakes = source
            .lines()
            .find_map(|line| line.strip_prefix("//! errors: "))
            .map_or(1, |count| count.parse::<usize>().unwrap());
        let Ok(recorded) = fs::read_to_string(case.with_extension("stderr")) else {
            wrong.push(format!("{}: not recorded", case.display()));
            continue;
        };
        let errors = recorded.lines().filter(|line| is_error(line)).count();
        if errors != mistakes {
            wrong.push(format!("{}: {mistakes} mistakes, {errors} errors", case.display()));
        }
        if !source.starts_with("//! ") {
            wrong.push(format!("{}: does not say what it shows", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What rustc adds about the macro's insides helps no author.
fn check_no_error_blames_the_macro() {
    for recorded in files("fail", "stderr") {
        // Of serde's derives, which say so on any item.
        let text = fs::read_to_string(&recorded).unwrap();
        let text = text.replace("originates in the derive macro `__connector_serde::", "");
        // What is asserted while it is compiled begins so, whoever asserts it.
        let text = text.replace("error[E0080]: evaluation panicked: ", "");
        for phrase in ["originates in the", "__connector", "panicked"] {
            assert!(!text.contains(phrase), "{}: {phrase}", recorded.display());
        }
    }
}

fn check_every_record_has_its_case() {
    let stems = |extension| -> BTreeSet<PathBuf> {
        files("fail", extension).into_iter().map(|path| path.with_extension("")).collect()
    };
    assert_eq!(stems("stderr"), stems("rs"));
}

fn is_error(line: &str) -> bool {
    line.starts_with("error:") || line.starts_with("error[")
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The files below a folder of this package, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
