//! The tools that judge what is packaged: a virtual environment with checkers and maturin, and Helm.
//! What they must say stands in the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use interop_tests::absent::missing;
use interop_tests::venv::{Packages, Venv};

/// The checkers, and what builds the wheel.
pub const PACKAGES: Packages = Packages {
    name: "packaging-venv",
    folder: env!("CARGO_MANIFEST_DIR"),
    requirements: include_str!("../requirements.txt"),
    constraints: include_str!("../constraints.txt"),
};

/// The checkout.
#[must_use]
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The environment with the checkers under `target`; without Python one line says that `what` was skipped.
///
/// # Panics
/// Under `CI=true`, where a tool that is missing means that nothing was tested.
#[must_use]
pub fn checkers(target: &Path, what: &str) -> Option<Venv> {
    Venv::of(PACKAGES, target, what)
}

/// Helm, built under `target` from its module; without Go one line says that `what` was skipped.
///
/// # Panics
/// Under `CI=true`, where a tool that is missing means that nothing was tested.
#[must_use]
pub fn helm(target: &Path, what: &str) -> Option<PathBuf> {
    let program = target.join("helm/helm");
    let built = Command::new("go")
        // Two at a time: the tests of this workspace run on small machines.
        .args(["build", "-p=2", "-o"])
        .arg(&program)
        .arg("helm.sh/helm/v4/cmd/helm")
        .env("GOMAXPROCS", "2")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"))
        .stdin(Stdio::null())
        .output();
    match built {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => {
            missing(what, &String::from_utf8_lossy(&output.stderr).trim());
            None
        }
        Err(error) => {
            missing(what, &format!("there is no usable `go`: {error}"));
            None
        }
    }
}

/// What a command printed, which must have succeeded.
///
/// # Panics
/// It did not, with all it said.
pub fn printed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{text}\n{complaint}");
    text
}

/// The target folder of the build that a test of this package belongs to.
#[must_use]
pub fn target(of_test: &str) -> PathBuf {
    Path::new(of_test).parent().map(Path::to_owned).unwrap_or_default()
}

/// Writes a file below a folder that may not be there yet.
///
/// # Panics
/// It cannot be written.
pub fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
