//! The same requests to this server and to `pyflyte serve connector`, over connectors of the same behaviour.
//! What is not in the table must be equal, and an entry that no longer differs fails as well.

use conformance_tests::Running;
use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::Server;

const INTENDED: &[Intended] = &[
    Intended {
        cases: &["agent 'zz'"],
        fields: &[("code", "NOT_FOUND"), ("details", "Cannot find connector for name: zz.")],
        reason: "in Python an unhandled exception: UNKNOWN, with the name of a class",
    },
    Intended {
        cases: &["sync, not final"],
        fields: &[("code", "INTERNAL"), ("details", "is not a final one"), ("messages", "[]")],
        reason: "propeller loses a worker over it",
    },
    Intended {
        cases: &["sync, error"],
        fields: &[("code", "OK"), ("details", ""), ("messages", "\"code\":\"permanent\"")],
        reason: "after an error propeller calls again, whatever it is; a task that can never work fails",
    },
    Intended {
        cases: &["sync, header only", "sync, of a connector that starts jobs"],
        fields: &[("details", "failed to do ")],
        reason: "in Python the text is a traceback; the code is the same",
    },
    Intended {
        cases: &["sync, inputs first", "sync, empty message first"],
        fields: &[("code", "INVALID_ARGUMENT"), ("details", "begins with its header")],
        reason: "Python looks for a connector of the empty task type",
    },
    Intended {
        cases: &["sync, nothing"],
        fields: &[("code", "INVALID_ARGUMENT"), ("details", "this one began with nothing")],
        reason: "in Python an unhandled exception: UNKNOWN",
    },
    Intended {
        cases: &["sync, header twice", "sync, empty message after the header"],
        fields: &[("code", "INTERNAL"), ("details", "the inputs are missing"), ("messages", "[]")],
        reason: "Python runs the task with empty inputs, which nobody has sent",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn both_servers_answer_alike() {
    let what = "the differential with flytekit's server";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let server = Running::start().await;
    let address = server.grpc.to_string();
    let seen = tokio::task::spawn_blocking(move || {
        let theirs = Server::pyflyte(&venv, "reference_agents").unwrap();
        let ours = flyte1_tests::transcript(&venv, "agent_calls.py", &[&address]);
        let theirs = flyte1_tests::transcript(&venv, "agent_calls.py", &[theirs.address()]);
        (ours, theirs)
    });
    let (ours, theirs) = seen.await.unwrap();
    assert!(ours.steps().len() > 30);
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let found = complaints(&found, INTENDED);
    assert!(found.is_empty(), "{}", found.join("\n"));
    server.stop().await;
}
