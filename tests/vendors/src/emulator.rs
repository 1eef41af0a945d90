//! An emulator of BigQuery that runs queries: what a fake cannot tell is whether an engine reads parameters
//! as they are meant. It knows no states but the last, and its second insert of an id replaces the first job
//! (bqemulator 1.4.0), so that everything else is asked of the fake.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use interop_tests::venv::{Packages, Venv};
use serde_json::Value;

/// The emulator and what it wants.
const PACKAGES: Packages = Packages {
    name: "bigquery-emulator",
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/emulator"),
    requirements: include_str!("../emulator/requirements.txt"),
    constraints: include_str!("../emulator/constraints.txt"),
};

/// A running emulator with the project `p`. It ends when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    venv: Venv,
    process: Child,
    port: u16,
}

impl Emulator {
    /// Starts one; without Python one line says that `what` was skipped.
    ///
    /// # Panics
    /// It does not start, or, under `CI=true`, cannot be had.
    #[must_use]
    pub fn start(target: &Path, what: &str) -> Option<Self> {
        let venv = Venv::of(PACKAGES, target, what)?;
        let mut command = venv.script("emulator.py");
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        let port = line.trim().parse().unwrap_or_else(|_| panic!("no port: {line:?}"));
        Some(Self { venv, process, port })
    }

    /// Where its REST API is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The one row that a job has selected: type and value of each column.
    ///
    /// # Panics
    /// There is no such job, or it has another number of rows.
    #[must_use]
    pub fn row(&self, job: &str) -> Value {
        let output = self
            .venv
            .script("rows.py")
            .args([&self.port.to_string(), job])
            .stderr(Stdio::piped())
            .output()
            .expect("Python starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "no row of {job}:\n{complaint}");
        serde_json::from_slice(&output.stdout).expect("an object of columns")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The end of its standard input ends it.
        drop(self.process.stdin.take());
        drop(self.process.wait());
    }
}
