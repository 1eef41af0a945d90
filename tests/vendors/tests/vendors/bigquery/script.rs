//! What is done with each task, alike on both sides. No expectation is here, but for jobs that one side
//! has begun and the other one ends.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_service::pb::CreateTaskRequest;
use serde_json::{Value, json};
use vendor_tests::bigquery::BigQuery;
use vendor_tests::fake::{Answer, Fake};
use vendor_tests::requests::Requests;
use vendor_tests::side::{Kept, Side};

/// Secrets by the names that tasks give them.
pub(crate) type Secrets = BTreeMap<&'static str, String>;

/// Those of tasks for that vendor.
pub(crate) fn secrets(fake: &Fake<BigQuery>) -> Secrets {
    BTreeMap::from([("key_file", BigQuery::key_file(&fake.url()))])
}

struct Script<'s, 'a> {
    side: &'s mut Side<'a, BigQuery>,
    requests: &'s Requests,
    secrets: &'s Secrets,
}

/// Everything, on one side.
pub(crate) async fn run(side: &mut Side<'_, BigQuery>, requests: &Requests, secrets: &Secrets) {
    let mut script = Script { side, requests, secrets };
    script.lives().await;
    script.parameters().await;
    script.statuses().await;
    script.lost_jobs().await;
    script.troubles().await;
    script.refused_creates().await;
}

fn problem(reason: &str) -> Value {
    json!({"reason": reason, "location": "row 5", "message": "the row is no good"})
}

impl Script<'_, '_> {
    fn request(&self, task: &str) -> CreateTaskRequest {
        self.requests.of(task, self.secrets)
    }

    /// The create of a new attempt of that task.
    async fn create(&mut self, case: &str, task: &str) -> Kept {
        let request = attempt_of(self.request(task), case);
        self.side.create(case, request).await
    }

    fn is(&self, status: Value) {
        self.side.vendor().newest_is(status);
    }

    /// A job from its insert to its end, and a cancel when it is over.
    async fn lives(&mut self) {
        for task in [
            "plain",
            "no_location",
            "no_results",
            "statement",
            "statement_with_results",
            "comment",
            "configured",
        ] {
            let job = self.create(task, task).await;
            for state in ["PENDING", "RUNNING", "DONE"] {
                self.is(json!({"state": state}));
                self.side.get(&format!("{task}, {state}"), &job).await;
            }
            self.side.delete(&format!("{task}, DONE"), &job).await;
        }
        let job = self.create("cancelled", "plain").await;
        self.side.delete("cancelled, PENDING", &job).await;
        self.side.get("cancelled", &job).await;
        self.side.delete("cancelled twice", &job).await;
        let again = attempt_of(self.request("plain"), "created twice");
        self.side.create("created twice, 1", again.clone()).await;
        self.side.create("created twice, 2", again).await;
    }

    async fn parameters(&mut self) {
        for task in
            ["scalars", "date", "list", "optional", "nothing", "span", "configured_parameters"]
        {
            self.create(&format!("input {task}"), task).await;
        }
    }

    async fn statuses(&mut self) {
        let job = self.create("statuses", "plain").await;
        for (case, status) in [
            ("errors while it runs", json!({"state": "RUNNING", "errors": [problem("invalid")]})),
            ("errors of a success", json!({"state": "DONE", "errors": [problem("invalid")]})),
            ("a state that is new", json!({"state": "SUSPENDED"})),
        ] {
            self.is(status);
            self.side.get(case, &job).await;
        }
        for reason in
            ["invalidQuery", "accessDenied", "stopped", "backendError", "jobRateLimitExceeded"]
        {
            let problem = problem(reason);
            self.is(json!({"state": "DONE", "errorResult": problem, "errors": [problem]}));
            self.side.get(&format!("failed by {reason}"), &job).await;
        }
    }

    async fn lost_jobs(&mut self) {
        let job = self.create("gone", "plain").await;
        self.side.vendor().jobs.pop();
        self.side.get("gone", &job).await;
        self.side.delete("gone", &job).await;
    }

    /// What passes by itself: each comes once.
    async fn troubles(&mut self) {
        let job = self.create("troubles", "plain").await;
        self.is(json!({"state": "RUNNING"}));
        for (case, answer) in [
            ("503", BigQuery::refusal(503, "backendError", "try again")),
            ("429", BigQuery::refusal(429, "rateLimitExceeded", "slow down")),
            ("403 rateLimitExceeded", BigQuery::refusal(403, "rateLimitExceeded", "slow down")),
            ("401", BigQuery::refusal(401, "authError", "Invalid Credentials")),
            ("a proxy's page", Answer::Page(502)),
            ("a reset", Answer::Reset),
            ("a cut answer", Answer::Cut(json!({"jobReference": {"projectId": "p"}}))),
        ] {
            self.side.vendor().next.push_back(answer);
            self.side.get(case, &job).await;
        }
        let running = json!({"jobReference": {"projectId": "p"}, "status": {"state": "RUNNING"}});
        let late = Answer::Late(Duration::from_secs(12), Box::new(running.into()));
        self.side.vendor().next.push_back(late);
        self.side.get("a silent vendor", &job).await;
        for (case, answer) in [
            ("503 to a cancel", BigQuery::refusal(503, "backendError", "try again")),
            ("a reset of a cancel", Answer::Reset),
        ] {
            self.side.vendor().next.push_back(answer);
            self.side.delete(case, &job).await;
        }
    }

    /// A no at the insert, and what the job reports of it.
    async fn refused_creates(&mut self) {
        for (case, answer) in [
            ("bad SQL", BigQuery::refusal(400, "invalidQuery", "Syntax error at [1:8]")),
            ("no access", BigQuery::refusal(403, "accessDenied", "Access Denied: Project p")),
            ("no dataset", BigQuery::refusal(404, "notFound", "Not found: Dataset p:sales")),
        ] {
            self.side.vendor().next.push_back(answer);
            let job = self.create(case, "plain").await;
            self.side.get(case, &job).await;
        }
    }
}

/// Jobs that one side began are polled and cancelled by the other one, as by their own.
pub(crate) async fn across<'a>(
    theirs: &mut Side<'a, BigQuery>,
    ours: &mut Side<'a, BigQuery>,
    requests: &Requests,
    secrets: &Secrets,
) {
    for task in ["plain", "no_results", "scalars"] {
        for theirs_begin in [true, false] {
            let request = attempt_of(requests.of(task, secrets), &format!("across {theirs_begin}"));
            let (first, second) =
                if theirs_begin { (&mut *theirs, &mut *ours) } else { (&mut *ours, &mut *theirs) };
            let (job, created) = first.created(request).await;
            created.unwrap();
            for state in ["PENDING", "RUNNING", "DONE"] {
                first.vendor().newest_is(json!({"state": state}));
                let own = first.got(&job).await.unwrap();
                assert_eq!(second.got(&job).await.unwrap(), own, "{task}, {state}");
            }
            first.vendor().newest_is(json!({"state": "RUNNING"}));
            second.deleted(&job).await.unwrap();
            let status = first.vendor().jobs.last().map(|job| job.status["state"].clone());
            assert_eq!(status, Some("DONE".into()), "{task} is cancelled");
        }
    }
}

/// The request as that of another run, so that it is a task of its own.
fn attempt_of(mut request: CreateTaskRequest, case: &str) -> CreateTaskRequest {
    let run: String =
        case.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let execution = request.task_execution_metadata.as_mut();
    let id = execution.and_then(|execution| execution.task_execution_id.as_mut());
    let node = id.and_then(|id| id.node_execution_id.as_mut());
    if let Some(run_id) = node.and_then(|node| node.execution_id.as_mut()) {
        run_id.name.push_str(&run);
    }
    request.output_prefix = format!("s3://interop-bucket/{run}/a0/0");
    request
}
