//! The official Python connectors behind a server of ours, against the official Python server: the same
//! requests to both. Whatever is not in the table below must be equal, as if nobody stood between.

use std::path::Path;

use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::{Server, example};
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;

use crate::differential::OF_THE_SERVER;

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

#[test]
fn python_connectors_answer_alike_behind_us() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "Python connectors behind us") else {
        return;
    };
    let drive = |server: interop_tests::Result<Server>| {
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        Transcript::of_differential(&venv, &server).unwrap_or_else(|error| panic!("{error}"))
    };
    let theirs = drive(Server::python(&venv));
    let bare = example(target, "bare").unwrap_or_else(|error| panic!("{error}"));
    let ours = drive(Server::before_python(
        &bare,
        &venv,
        &[("CONNECTOR_MODULES", "reference_connectors")],
    ));

    let mut found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    found.retain(|found| {
        let is_left_out = |(case, field): &(&str, &str)| {
            found.case.starts_with(case) && found.field.starts_with(field)
        };
        !NOT_COMPARED.iter().any(is_left_out)
    });
    let complaints = complaints(&found, &[OF_THE_SERVER, INTENDED].concat());
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
