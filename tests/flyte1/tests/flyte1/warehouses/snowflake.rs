//! Snowflake.

use interop_tests::differential::Intended;
use interop_tests::peer::{self, Server};
use serde_json::json;
use vendor_tests::fake::Fake;
use vendor_tests::requests::Requests;
use vendor_tests::side::Side;
use vendor_tests::snowflake::{PRIVATE_KEY, Snowflake};

use super::{across, judge, request, side};

const INTENDED: &[Intended] = &[
    Intended {
        cases: &["*"],
        fields: &[
            ("calls[*].headers.content-encoding", "null"),
            ("calls[*].body.parameters.QUERY_TAG", "flyte-"),
        ],
        reason: "bodies are not packed; the tag is what people find a query by",
    },
    Intended {
        cases: &["cancelled: delete"],
        fields: &[("calls[*].body.queryContextDTO", "null")],
        reason: "a cancel needs no context of other queries",
    },
    Intended {
        cases: &["*: get"],
        fields: &[
            ("answer.log_links[0].name", "Snowflake Dashboard"),
            ("answer.log_links[0].uri", "/myorg/acc/#/compute/history/queries/"),
            ("answer.log_links[0].link_type", "DASHBOARD"),
            ("answer.log_links[0].ready", "true"),
        ],
        reason: "the link of Flyte 2's plug-in: there the account stands where the organization belongs",
    },
    Intended {
        cases: &["* RUNNING: get"],
        fields: &[("answer.message", "RUNNING")],
        reason: "the status; there a query has no message, whatever becomes of it",
    },
    Intended {
        cases: &["* SUCCESS: get"],
        fields: &[("answer.message", "SUCCESS")],
        reason: "the status; there a query has no message, whatever becomes of it",
    },
    Intended {
        cases: &["* QUEUED: get"],
        fields: &[
            ("answer", r#""message":"QUEUED""#),
            ("answer", r#""phase":"QUEUED""#),
            ("code", "Ok"),
            ("details", ""),
        ],
        reason: "a query that waits for its warehouse is no error",
    },
    Intended {
        cases: &["plain, SUCCESS: get", "inputs, SUCCESS: get"],
        fields: &[("answer.outputs.results", "snowflake://flyte/myorg-acc/WH/DB/PUBLIC/<job of")],
        reason: "the data frame that the task declares; there a pickled literal, which cannot be read as one",
    },
    Intended {
        cases: &["inputs: create"],
        fields: &[
            ("calls[0].body.sqlText", "SELECT ?, ?"),
            ("calls[0].body.bindings", r#""2":{"type":"TEXT","value":"a b"}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["failed: get"],
        fields: &[
            ("answer.message", "100035: no such date"),
            ("answer.log_links", "Snowflake Dashboard"),
        ],
        reason: "why it failed, and where to look; there a failure comes without both",
    },
];

async fn run(side: &mut Side<'_, Snowflake>, requests: &Requests) {
    side.vendor().hides_sessions = false;
    for task in ["plain", "no_results", "inputs"] {
        let query = side.create(task, request(requests, task, task)).await;
        // One session serves all calls here, there each call has its own.
        side.vendor().hides_sessions = true;
        for status in ["RUNNING", "QUEUED", "SUCCESS"] {
            side.vendor().newest_is(status);
            side.get(&format!("{task}, {status}"), &query).await;
        }
    }
    let query = side.create("failed", request(requests, "plain", "failed")).await;
    side.vendor().newest_tells(json!({
        "status": "FAILED_WITH_ERROR", "errorCode": "100035", "errorMessage": "no such date",
    }));
    side.get("failed", &query).await;
    let query = side.create("cancelled", request(requests, "plain", "cancelled")).await;
    side.delete("cancelled", &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snowflake_tasks_run_alike() {
    let what = "the differential of Snowflake with flytekit's server";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let requests = Requests::made(&venv, "snowflake_tasks");
    let fake = Fake::open(Snowflake::default());
    let url = fake.url();
    // The secret where Flyte 1 has it.
    let secret = ("_FSEC_SNOWFLAKE_PRIVATE_KEY", PRIVATE_KEY);
    let theirs =
        [("SNOWFLAKE_FAKE", &*url), ("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true"), secret];
    let mut theirs = side(Server::pyflyte_with(&venv, "snowflake_place", &theirs), &fake).await;
    let binary = peer::binary(crate::target()).unwrap_or_else(|error| panic!("{error}"));
    let ours = [
        ("SNOWFLAKE_HOST_OVERRIDE", &*url),
        ("CONNECTOR__SNOWFLAKE__SECRET_HOSTS", "myorg-acc.snowflakecomputing.com"),
        secret,
    ];
    let mut ours = side(Server::with(&binary, &ours), &fake).await;
    run(&mut theirs, &requests).await;
    run(&mut ours, &requests).await;
    across(&mut theirs, &mut ours, &requests, "query_id").await;
    assert!(fake.vendor().queries.iter().rev().take(2).all(|query| query.is_cancelled()));
    judge(ours, theirs, INTENDED);
}
