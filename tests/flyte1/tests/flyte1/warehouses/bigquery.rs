//! BigQuery.

use interop_tests::differential::Intended;
use interop_tests::peer::{self, Server};
use serde_json::json;
use vendor_tests::bigquery::BigQuery;
use vendor_tests::fake::Fake;
use vendor_tests::requests::Requests;
use vendor_tests::side::Side;

use super::{across, judge, request, side};

/// An error there is an answer here.
const ANSWERED: &[(&str, &str)] = &[("code", "Ok"), ("details", "")];

const INTENDED: &[Intended] = &[
    Intended {
        cases: &["*: create"],
        fields: &[
            ("calls[0].headers.user-agent", "Flytekit/1.16.31 (GPN:Union;production)"),
            ("calls[0].headers.x-goog-api-client", "Flytekit/1.16.31 (GPN:Union;production)"),
        ],
        reason: "there the versions of Python and its libraries follow",
    },
    Intended {
        cases: &["*: get", "*: delete"],
        fields: &[
            ("calls[0].headers.user-agent", "connector-bigquery/"),
            ("calls[0].headers.x-goog-api-client", "connector-bigquery/"),
        ],
        reason: "metadata of Flyte 1 do not say who created the job; each program names itself",
    },
    Intended {
        cases: &["*: create"],
        fields: &[("calls[0].body.configuration.query.queryParameters", "null")],
        reason: "a task without inputs has no parameters, there an empty list of them",
    },
    Intended {
        cases: &["*: get"],
        fields: &[
            ("answer.log_links[0].link_type", "DASHBOARD"),
            ("answer.log_links[0].ready", "true"),
        ],
        reason: "the link says what it is, as under Flyte 2",
    },
    Intended {
        cases: &["no_location: create"],
        fields: &[("answer.meta", r#"\"location\": \"europe-west3\""#)],
        reason: "the vendor chose the location, and finds the job nowhere else",
    },
    Intended {
        cases: &["no_location, *"],
        fields: &[("calls[0].query.location", "europe-west3"), ("answer", "\"phase\"")],
        reason: "the vendor chose the location, and finds the job nowhere else",
    },
    Intended {
        cases: &["no_location, *"],
        fields: ANSWERED,
        reason: "there every call about the job is a 404, and so an error",
    },
    Intended {
        cases: &["no_results, DONE: get"],
        fields: &[("answer.message", "DONE; this statement has no table with results")],
        reason: "said where somebody may look for them",
    },
    Intended {
        cases: &["configured: create"],
        fields: &[
            ("calls[0].body.configuration.query.priority", "BATCH"),
            ("calls[0].body.configuration.query.useQueryCache", "false"),
        ],
        reason: "a task's QueryJobConfig is serialised and then ignored there",
    },
    Intended {
        cases: &["list: create"],
        fields: &[("answer", "job_id"), ("calls", r#"{"arrayValues":[{"value":"1"}"#)],
        reason: "there only plain inputs can be parameters",
    },
    Intended {
        cases: &["list: create"],
        fields: ANSWERED,
        reason: "there only plain inputs can be parameters",
    },
    Intended {
        cases: &["failed: get", "cancelled: get"],
        fields: &[("answer.message", " (")],
        reason: "words instead of the notation of a Python list",
    },
];

async fn run(side: &mut Side<'_, BigQuery>, requests: &Requests) {
    for task in ["plain", "no_location", "no_results", "configured", "inputs"] {
        let job = side.create(task, request(requests, task, task)).await;
        for state in ["PENDING", "RUNNING", "DONE"] {
            side.vendor().newest_is(json!({"state": state}));
            side.get(&format!("{task}, {state}"), &job).await;
        }
    }
    side.create("list", request(requests, "list", "list")).await;
    let job = side.create("failed", request(requests, "plain", "failed")).await;
    let problem = json!({"reason": "invalidQuery", "location": "q", "message": "no such column"});
    side.vendor().newest_is(json!({"state": "DONE", "errorResult": problem, "errors": [problem]}));
    side.get("failed", &job).await;
    let job = side.create("cancelled", request(requests, "plain", "cancelled")).await;
    side.delete("cancelled", &job).await;
    side.get("cancelled", &job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bigquery_tasks_run_alike() {
    let what = "the differential of BigQuery with flytekit's server";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let requests = Requests::made(&venv, "bigquery_tasks");
    let fake = Fake::open(BigQuery::default());
    let (url, key) = (fake.url(), tempfile::NamedTempFile::new().unwrap());
    let key_file = BigQuery::key_file(&url);
    std::fs::write(key.path(), &key_file).unwrap();
    let path = key.path().to_str().unwrap();
    let theirs = [("BIGQUERY_EMULATOR_HOST", &*url), ("GOOGLE_APPLICATION_CREDENTIALS", path)];
    let mut theirs = side(Server::pyflyte_with(&venv, "bigquery_tasks", &theirs), &fake).await;
    let binary = peer::binary(crate::target()).unwrap_or_else(|error| panic!("{error}"));
    // The secret where Flyte 1 has it.
    let ours = [
        ("BIGQUERY_API_ENDPOINT", &*url),
        ("_FSEC_GOOGLE_APPLICATION_CREDENTIALS", &*key_file),
        ("CONNECTOR__BIGQUERY_QUERY_JOB_TASK__SECRET_HOSTS", "bigquery.googleapis.com, 127.0.0.1"),
    ];
    let mut ours = side(Server::with(&binary, &ours), &fake).await;
    run(&mut theirs, &requests).await;
    run(&mut ours, &requests).await;
    across(&mut theirs, &mut ours, &requests, "job_id").await;
    assert!(fake.vendor().jobs.iter().rev().take(2).all(|job| job.status["state"] == "DONE"));
    judge(ours, theirs, INTENDED);
}
