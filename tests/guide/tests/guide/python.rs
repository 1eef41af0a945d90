//! The official Python SDK for a reader's virtual environment, without fetching it once more.
//! The packages of the interop tests are put on Python's path: pip finds them there, and what pip would have to
//! fetch is an error. The walk asks for it; without `python3` it says so, and in CI it fails.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use interop_tests::venv::Venv;

use crate::project::target;

/// The variables that give the SDK to a terminal, or nothing where it cannot be had.
pub(crate) fn official_sdk() -> Option<Vec<(String, OsString)>> {
    let venv = Venv::official_sdk(&target(), "the Python of the guide")?;
    let question = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let mut python = venv.command("python");
    let answer = python.args(["-c", question]).output().expect("an answer of Python");
    let packages = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    assert!(Path::new(&packages).is_dir(), "Python does not tell its packages: {answer:?}");
    let programs = Path::new(python.get_program()).parent().expect("a folder of programs");
    // Last, so that `python` and `pip` are those of the reader's own environment.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path).chain([PathBuf::from(programs)]);
    Some(vec![
        ("PATH".to_owned(), std::env::join_paths(path).expect("a path")),
        ("PYTHONPATH".to_owned(), packages.into()),
        ("PIP_NO_INDEX".to_owned(), "1".into()),
        ("FLYTE_DISABLE_TELEMETRY".to_owned(), "1".into()),
    ])
}
