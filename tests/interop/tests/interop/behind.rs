//! The official Python connectors behind a server of ours, against the official Python server: the same
//! requests to both. Whatever is not in the table below must be equal, as if nobody stood between.

use std::path::Path;

use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::{Server, example};
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;

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
    Intended {
        cases: &[
            "logs of an unknown type",
            "logs of an unknown version",
            "logs without a category",
            "metrics of an unknown type",
            "metrics of an unknown version",
            "connector 'No Such Connector'",
            "connector ''",
        ],
        fields: &[("code", "NOT_FOUND"), ("details", "Cannot find connector for ")],
        reason: "in Python an unhandled exception: UNKNOWN, with the name of a class",
    },
    // Health and transport are ours.
    Intended {
        cases: &["health 'Echo Connector'"],
        fields: &[("code", "OK"), ("messages", "SERVING")],
        reason: "each connector has a health of its own here",
    },
    Intended {
        cases: &["health 'no.such.Service'"],
        fields: &[("details", "ask for ")],
        reason: "an empty text helps nobody; the code is the same",
    },
    Intended {
        cases: &["unknown method", "unknown service"],
        fields: &[("details", "\"\"")],
        reason: "the text is the gRPC library's own; the code is the same",
    },
    Intended {
        cases: &["undecodable request"],
        fields: &[("code", "INTERNAL"), ("details", "failed to decode")],
        reason: "the answer is the gRPC library's own",
    },
    Intended {
        cases: &["too large in gzip", "too large in deflate"],
        fields: &[("details", "unpacks to more than")],
        reason: "the text is the gRPC library's own there, and says what to do here; the code is the same",
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
    let complaints = complaints(&found, INTENDED);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
