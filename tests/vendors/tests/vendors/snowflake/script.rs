//! What is done with each task, alike on both sides. No expectation is here, but for queries that one
//! side has begun and the other one ends.

use std::collections::BTreeMap;

use connector_core::custom_info::json_to_struct;
use connector_core::custom_info::struct_to_json;
use connector_service::pb::CreateTaskRequest;
use serde_json::{Value, json};
use vendor_tests::fake::Answer;
use vendor_tests::requests::Requests;
use vendor_tests::side::{Kept, Side};
use vendor_tests::snowflake::{PRIVATE_KEY, Snowflake};

struct Script<'s, 'a> {
    side: &'s mut Side<'a, Snowflake>,
    requests: &'s Requests,
    url: &'s str,
}

/// Everything, on one side.
pub(crate) async fn run(side: &mut Side<'_, Snowflake>, requests: &Requests, url: &str) {
    let mut script = Script { side, requests, url };
    script.lives().await;
    script.inputs().await;
    script.statuses().await;
    script.cancels().await;
    script.sessions().await;
    script.troubles().await;
    script.refused_creates().await;
}

impl Script<'_, '_> {
    fn request(&self, case: &str, task: &str) -> CreateTaskRequest {
        request(self.requests, self.url, case, task)
    }

    /// The create of a new attempt of that task, by a user of its own: so no other case's session is
    /// there, nor is it closed.
    async fn create(&mut self, case: &str, task: &str) -> Kept {
        let request = self.request(case, task);
        self.side.create(case, request).await
    }

    /// A query from its submission to its end, and a cancel when it is over.
    async fn lives(&mut self) {
        for task in
            ["plain", "no_results", "comment", "percent", "role", "nested", "password", "quoted"]
        {
            let job = self.create(task, task).await;
            for status in ["RUNNING", "SUCCESS"] {
                self.side.vendor().newest_is(status);
                self.side.get(&format!("{task}, {status}"), &job).await;
            }
            self.side.delete(&format!("{task}, SUCCESS"), &job).await;
        }
        let again = self.request("created twice", "plain");
        self.side.create("created twice, 1", again.clone()).await;
        self.side.create("created twice, 2", again).await;
    }

    async fn inputs(&mut self) {
        for task in [
            "whole",
            "truth",
            "text",
            "real",
            "moment",
            "date",
            "span",
            "numbers",
            "texts",
            "optional",
            "nothing",
            "dictionary",
            "batch",
            "uneven_batch",
            "batch_without_row",
        ] {
            self.create(&format!("input {task}"), task).await;
        }
    }

    async fn statuses(&mut self) {
        let job = self.create("statuses", "plain").await;
        for status in [
            "QUEUED",
            "BLOCKED",
            "RESUMING_WAREHOUSE",
            "QUEUED_REPARING_WAREHOUSE",
            "RESTARTED",
            "NO_DATA",
            "A_NEW_ONE",
        ] {
            self.side.vendor().newest_is(status);
            self.side.get(&format!("waits, {status}"), &job).await;
        }
        for status in
            ["FAILED_WITH_ERROR", "FAILED_WITH_INCIDENT", "ABORTING", "ABORTED", "DISCONNECTED"]
        {
            self.side.vendor().newest_tells(json!({
                "status": status, "errorCode": "100035", "errorMessage": "no such date",
            }));
            self.side.get(&format!("failed, {status}"), &job).await;
        }
    }

    async fn cancels(&mut self) {
        let one = self.create("one of two", "plain").await;
        let other = self.request("one of two", "no_results");
        let other = self.side.create("the other of two", other).await;
        self.side.delete("one of two", &one).await;
        self.side.get("the other of two", &other).await;
        self.side.delete("one of two, again", &one).await;
        self.side.get("one of two, cancelled", &one).await;
        self.side.delete("the other of two", &other).await;
        let job = self.create("gone", "plain").await;
        self.side.vendor().queries.pop();
        self.side.delete("gone", &job).await;
    }

    async fn sessions(&mut self) {
        let job = self.create("an expired session", "plain").await;
        self.side.vendor().sessions.iter_mut().for_each(|session| session.has_expired = true);
        self.side.get("an expired session", &job).await;
        let job = self.create("a lost session", "plain").await;
        self.side.vendor().sessions.clear();
        self.side.get("a lost session", &job).await;
    }

    /// What passes by itself: each comes once. There is no silence among it: the official client goes on
    /// asking when its caller has left, into whatever comes next.
    async fn troubles(&mut self) {
        for (case, answer) in [
            ("503", Answer::Json(503, json!({}))),
            ("429", Answer::Json(429, json!({}))),
            ("403", Answer::Json(403, json!({}))),
            ("a proxy's page", Answer::Page(502)),
            ("a page that is none", Answer::Page(200)),
            ("a reset", Answer::Reset),
            ("a cut answer", Answer::Cut(json!({"success": true, "data": {"queries": []}}))),
        ] {
            let job = self.create(case, "plain").await;
            self.side.vendor().next.push_back(answer);
            self.side.get(case, &job).await;
        }
        for (case, answer) in [
            ("503 to a create", Answer::Json(503, json!({}))),
            ("a reset of a create", Answer::Reset),
        ] {
            self.side.vendor().next.push_back(answer);
            self.create(case, "plain").await;
        }
        for (case, answer) in [
            ("503 to a cancel", Answer::Json(503, json!({}))),
            ("a reset of a cancel", Answer::Reset),
        ] {
            let job = self.create(case, "plain").await;
            self.side.vendor().next.push_back(answer);
            self.side.delete(case, &job).await;
        }
    }

    /// A no at the submission or at the door, and what the job reports of it.
    async fn refused_creates(&mut self) {
        let no = Snowflake::refusal("001003", "SQL compilation error: syntax error line 1 at 7");
        self.side.vendor().next.push_back(no);
        let job = self.create("bad SQL", "plain").await;
        self.side.get("bad SQL", &job).await;
        let mut wrong = self.request("wrong password", "password");
        change(&mut wrong, |custom| custom["connection_kwargs"]["password"] = "guessed it".into());
        let job = self.side.create("wrong password", wrong).await;
        self.side.get("wrong password", &job).await;
        let mut nobody = self.request("no account", "plain");
        change(&mut nobody, |custom| custom["account"] = "".into());
        self.side.create("no account", nobody).await;
        let mut nowhere = self.request("no warehouse", "plain");
        change(&mut nowhere, |custom| custom["warehouse"] = Value::Null);
        self.side.create("no warehouse", nowhere).await;
    }
}

/// Queries that one side began are polled and cancelled by the other one.
pub(crate) async fn across<'a>(
    theirs: &mut Side<'a, Snowflake>,
    ours: &mut Side<'a, Snowflake>,
    requests: &Requests,
    url: &str,
) {
    for task in ["plain", "no_results", "role"] {
        for theirs_begin in [true, false] {
            let request = request(requests, url, &format!("across {theirs_begin} {task}"), task);
            let (first, second) =
                if theirs_begin { (&mut *theirs, &mut *ours) } else { (&mut *ours, &mut *theirs) };
            let (job, created) = first.created(request).await;
            created.unwrap();
            for status in ["RUNNING", "SUCCESS"] {
                first.vendor().newest_is(status);
                let own = first.got(&job).await.unwrap();
                assert_eq!(second.got(&job).await.unwrap(), own, "{task}, {status}");
            }
            first.vendor().newest_is("RUNNING");
            second.deleted(&job).await.unwrap();
            let status = first.vendor().queries.last().map(|query| query.told["status"].clone());
            assert_eq!(status, Some("ABORTED".into()), "{task} is cancelled");
        }
    }
}

/// The request as that of another run and another user, at the fake.
fn request(requests: &Requests, url: &str, case: &str, task: &str) -> CreateTaskRequest {
    let secrets = BTreeMap::from([("GRP_A_SF_KEY", PRIVATE_KEY.to_owned())]);
    let mut request = requests.of(task, &secrets);
    let run: String =
        case.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let execution = request.task_execution_metadata.as_mut();
    let id = execution.and_then(|execution| execution.task_execution_id.as_mut());
    let node = id.and_then(|id| id.node_execution_id.as_mut());
    if let Some(run_id) = node.and_then(|node| node.execution_id.as_mut()) {
        run_id.name.push_str(&run);
    }
    request.output_prefix = format!("s3://interop-bucket/{run}/a0/0");
    let port = url.rsplit(':').next().unwrap_or_default();
    change(&mut request, |custom| {
        custom["user"] = run.into();
        custom["connection_kwargs"]["port"] = port.into();
    });
    request
}

fn change(request: &mut CreateTaskRequest, change: impl FnOnce(&mut Value)) {
    let custom = request.template.as_mut().and_then(|template| template.custom.as_mut());
    let custom = custom.expect("settings of the task");
    let mut json = struct_to_json(custom);
    change(&mut json);
    *custom = json_to_struct(json).expect("settings of the task");
}
