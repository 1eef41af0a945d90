//! The official Python connectors behind a server of ours, against the official Python server: the same
//! requests to both. Whatever is not in the table below must be equal, as if nobody stood between.

use std::path::{Path, PathBuf};

use interop_tests::differential::{Difference, Intended, complaints, differences};
use interop_tests::peer::{Server, example};
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;

use crate::differential::OF_THE_SERVER;
use crate::{python_sdk, typed_echo};

/// What is not compared, as cases and fields: the page of metrics, where what stands between is seen and
/// which `differential` compares; and metadata with the inputs in the order in which Python's tasks have
/// read them, which is another in every call.
const NOT_COMPARED: [(&str, &str); 2] = [("metrics page", ""), ("echo", "meta")];

const INTENDED: &[Intended] = &[
    // Polls and deletes that cannot work.
    Intended {
        cases: &[
            "get with meta: empty",
            "get with meta: not json",
            "get with meta: not utf-8",
            "get with meta: pickle",
            "get with meta: array",
            "get with meta: missing key",
            "get with meta: unknown key",
        ],
        fields: &[
            ("code", "OK"),
            ("details", ""),
            ("messages", r#""message":"status unknown since "#),
            ("messages", r#""phase":"RUNNING""#),
        ],
        reason: "the Python service says INTERNAL whatever went wrong, so that nobody knows whether a later \
                 poll does better; the executor never sees it, and the budget for stale answers ends it",
    },
    // What the Python service leaves to the gRPC library.
    Intended {
        cases: &[
            "logs page 'no-such-page'",
            "logs with meta: not json",
            "metrics with meta: not json",
        ],
        fields: &[("code", "UNAVAILABLE"), ("details", "Unexpected <class ")],
        reason: "an unhandled exception there; here a question that was not answered, with its text",
    },
    Intended {
        cases: &["logs of echo", "metrics of echo"],
        fields: &[("code", "UNAVAILABLE"), ("details", "Unexpected <class ")],
        reason: "an unhandled exception there; here a question that was not answered, with its text",
    },
];

/// Wrong inputs of which the official service says something else in every run: which of several it met first,
/// or how long it looked for a bucket.
const OTHER_IN_EVERY_RUN: [&str; 4] = ["digits", "offloaded", "several", "wrong item and entry"];

/// Good inputs of `typed_echo`, all that a connector on the official SDK can take: digits for an int, and an
/// enum's value for its name, do not get past the service there.
const TYPED: [&str; 12] = [
    "dataclass",
    "pydantic",
    "small",
    "ends",
    "pydantic ends",
    "form",
    "pydantic form",
    "naive",
    "naive pydantic",
    "unions",
    "plain for a union",
    "left out",
];

/// A server without connectors of its own, and Python ones behind it; nothing where there is no Python.
struct Behind {
    venv: Venv,
    program: PathBuf,
}

impl Behind {
    fn new() -> Option<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let venv = Venv::official_sdk(target, "Python connectors behind us")?;
        let program = example(target, "bare").unwrap_or_else(|error| panic!("{error}"));
        Some(Self { venv, program })
    }

    fn serving(&self, module: &str) -> Server {
        let variables = [("CONNECTOR_MODULES", module)];
        Server::before_python(&self.program, &self.venv, &variables)
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

/// What `ours` answered otherwise than `theirs`, and nobody meant, but for what is not compared.
fn complaints_about(
    ours: &Transcript,
    theirs: &Transcript,
    intended: &[Intended],
    left_out: impl Fn(&Difference) -> bool,
) -> Vec<String> {
    let mut found = differences(ours, theirs).unwrap_or_else(|error| panic!("{error}"));
    found.retain(|found| !left_out(found));
    complaints(&found, intended)
}

#[test]
fn python_connectors_answer_alike_behind_us() {
    let Some(behind) = Behind::new() else { return };
    let drive = |server: &Server| {
        Transcript::of_differential(&behind.venv, server).unwrap_or_else(|error| panic!("{error}"))
    };
    let theirs = drive(&Server::python(&behind.venv).unwrap_or_else(|error| panic!("{error}")));
    let ours = drive(&behind.serving("reference_connectors"));
    let intended = [OF_THE_SERVER, INTENDED].concat();
    let complaints = complaints_about(&ours, &theirs, &intended, |found| {
        let is_left_out = |(case, field): &(&str, &str)| {
            found.case.starts_with(case) && found.field.starts_with(field)
        };
        NOT_COMPARED.iter().any(is_left_out)
    });
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// The cases of the binary's own `batch_job`, against its twin in Python.
#[test]
fn the_twin_of_batch_job_behind_us_lives_as_it_does() {
    let Some(behind) = Behind::new() else { return };
    let server = behind.serving("reference_connectors");
    let seen =
        Transcript::of_sequence(&behind.venv, &server).unwrap_or_else(|error| panic!("{error}"));
    for judge in [
        python_sdk::life,
        python_sdk::logs,
        python_sdk::metrics,
        python_sdk::deletes,
        python_sdk::list,
        python_sdk::health,
    ] {
        judge(&seen);
    }
}

/// The cases of the binary's own `typed_echo`, against its twin in Python: the values as the binary gives
/// them, and whatever else as the official server answers it.
#[test]
fn the_twin_of_typed_echo_behind_us_gives_the_same_values() {
    let Some(behind) = Behind::new() else { return };
    let ours = typed_echo::driven(&behind.venv, &behind.serving("typed_connector"));
    for case in TYPED {
        typed_echo::echoed(&ours, case);
    }
    let alone = Server::python_with(&behind.venv, "typed_connector");
    let theirs = alone.unwrap_or_else(|error| panic!("{error}"));
    let theirs = typed_echo::driven(&behind.venv, &theirs);
    let complaints = complaints_about(&ours, &theirs, &[], |found| {
        OTHER_IN_EVERY_RUN.iter().any(|case| found.case.starts_with(case))
    });
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
