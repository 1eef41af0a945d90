//! Tasks of flytekit's `WebhookTask` on this server and on `pyflyte serve connector`: what the called service
//! is asked, and what comes back, must be equal but for the table.

use conformance_tests::Running;
use connector_webhook as _;
use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::Server;

const INTENDED: &[Intended] = &[
    Intended {
        cases: &[
            "plain",
            "shown",
            "inputs alone",
            "inputs within texts",
            "inputs in the url and headers",
            "braces that are no placeholder",
            "get",
            "get with a query",
            "get with a query and data",
            "a page",
            "a secret that is repeated",
            "an input with a placeholder",
        ],
        fields: &[("message", "the webhook answered 200 OK")],
        reason: "our own words; Python says that it was invoked",
    },
    Intended {
        cases: &[
            "status 201",
            "status 204",
            "status 302",
            "status 404",
            "status 429",
            "status 500",
        ],
        fields: &[("message", "the webhook answered ")],
        reason: "our own words, with the status's name and a bounded part of the answer",
    },
    Intended {
        cases: &["shown"],
        fields: &[("asked[0].body.n", "5"), ("info.input_data.n", "5")],
        reason: "Python sends every number of the task's data as a float: 5 becomes 5.0",
    },
    Intended {
        cases: &["get"],
        fields: &[("asked[0].call", "GET /x?a=x+y%26z&c=true&d=&l=1&l=two&n=5")],
        reason: "Python sends every number of the task's data as a float, here in the query",
    },
    Intended {
        cases: &["get with a query"],
        fields: &[("asked[0].call", "GET /x?old=1")],
        reason: "Python loses the query of the URL of a GET, even if there are no data",
    },
    Intended {
        cases: &["get with a query and data"],
        fields: &[("asked[0].call", "GET /x?a=b&old=1")],
        reason: "Python loses the query of the URL of a GET",
    },
    Intended {
        cases: &["a secret that is repeated"],
        fields: &[("info.response_data", "***")],
        reason: "Python passes on what the service repeats of a header that is a secret",
    },
    Intended {
        cases: &["cut off"],
        fields: &[("phase", "8"), ("message", "broke the connection off")],
        reason: "no whole answer came: RETRYABLE_FAILED, so that the task's retries decide",
    },
    Intended {
        cases: &["an unknown input"],
        fields: &[("message", "`{inputs.nobody}` names no input: the task has no inputs")],
        reason: "our own words; Python shows the whole dictionary of inputs",
    },
    Intended {
        cases: &["an input with a placeholder"],
        fields: &[("asked[0].body.t", "{inputs.b} B")],
        reason: "Python fills in what an input brought once more, so that one input reads another",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn webhook_tasks_call_alike() {
    let what = "the differential of webhooks with flytekit's server";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let server = Running::start().await;
    let address = server.grpc.to_string();
    let seen = tokio::task::spawn_blocking(move || {
        let theirs = Server::pyflyte(&venv, "reference_agents").unwrap();
        let ours = flyte1_tests::transcript(&venv, "webhook_calls.py", &[&address]);
        let theirs = flyte1_tests::transcript(&venv, "webhook_calls.py", &[theirs.address()]);
        (ours, theirs)
    });
    let (ours, theirs) = seen.await.unwrap();
    assert!(ours.steps().len() > 15);
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let found = complaints(&found, INTENDED);
    assert!(found.is_empty(), "{}", found.join("\n"));
    server.stop().await;
}
