//! What is done with each task, alike on both sides. No expectation is here, but for runs that one side
//! has begun and the other one ends.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_core::custom_info::{json_to_struct, struct_to_json};
use connector_service::pb::CreateTaskRequest;
use serde_json::{Value, json};
use vendor_tests::databricks::{Databricks, TOKEN};
use vendor_tests::fake::Answer;
use vendor_tests::requests::{Requests, of_run};
use vendor_tests::side::{Kept, Side};

struct Script<'s, 'a> {
    side: &'s mut Side<'a, Databricks>,
    requests: &'s Requests,
    host: &'s str,
}

/// Everything, on one side. `host` is where the workspace is.
pub(crate) async fn run(side: &mut Side<'_, Databricks>, requests: &Requests, host: &str) {
    let mut script = Script { side, requests, host };
    script.lives().await;
    script.forms().await;
    script.states().await;
    script.newer_states().await;
    script.failures().await;
    script.lost_runs().await;
    script.troubles().await;
    script.refused_creates().await;
}

/// The request of a task, in the workspace that can only be known now.
fn request(requests: &Requests, task: &str, host: &str) -> CreateTaskRequest {
    let mut request = requests.of(task, &BTreeMap::from([("token", TOKEN.to_owned())]));
    if let Some(custom) = request.template.as_mut().and_then(|template| template.custom.as_mut()) {
        let mut settings = struct_to_json(custom);
        if settings["databricksInstance"].is_string() {
            settings["databricksInstance"] = host.into();
            *custom = json_to_struct(settings).unwrap();
        }
    }
    request
}

fn state(life_cycle: &str, result: Option<&str>, message: &str) -> Value {
    let mut state = json!({"life_cycle_state": life_cycle, "state_message": message});
    if let Some(result) = result {
        state["result_state"] = result.into();
    }
    json!({ "state": state })
}

impl Script<'_, '_> {
    /// The create of a new attempt of that task.
    async fn create(&mut self, case: &str, task: &str) -> Kept {
        let request = of_run(request(self.requests, task, self.host), case);
        self.side.create(case, request).await
    }

    fn is(&self, told: Value) {
        self.side.vendor().newest_is(told);
    }

    /// A run from its submission to its end, and a cancel when it is over.
    async fn lives(&mut self) {
        for task in ["new_cluster", "existing", "named"] {
            let run = self.create(task, task).await;
            for (life_cycle, result, message) in [
                ("PENDING", None, "Waiting for cluster"),
                ("RUNNING", None, "In run"),
                ("TERMINATING", None, "Terminating"),
                ("TERMINATED", Some("SUCCESS"), "Done"),
            ] {
                self.is(state(life_cycle, result, message));
                self.side.get(&format!("{task}, {life_cycle}"), &run).await;
            }
            self.side.delete(&format!("{task}, over"), &run).await;
        }
        let run = self.create("cancelled", "existing").await;
        self.side.delete("cancelled, PENDING", &run).await;
        self.side.get("cancelled", &run).await;
        self.side.delete("cancelled twice", &run).await;
        let again = of_run(request(self.requests, "existing", self.host), "created twice");
        self.side.create("created twice, 1", again.clone()).await;
        self.side.create("created twice, 2", again).await;
    }

    async fn forms(&mut self) {
        for task in
            ["own_cluster", "spark_conf", "notebook", "own_code", "several", "serverless", "sql"]
        {
            self.create(&format!("form {task}"), task).await;
        }
    }

    /// Every state of the older form.
    async fn states(&mut self) {
        let run = self.create("states", "existing").await;
        for life_cycle in
            ["QUEUED", "BLOCKED", "WAITING_FOR_RETRY", "SKIPPED", "INTERNAL_ERROR", "NEW"]
        {
            self.is(state(life_cycle, None, "told"));
            self.side.get(&format!("state {life_cycle}"), &run).await;
        }
        for result in [
            "SUCCESS_WITH_FAILURES",
            "FAILED",
            "TIMEDOUT",
            "CANCELED",
            "EXCLUDED",
            "DISABLED",
            "UPSTREAM_FAILED",
            "UPSTREAM_CANCELED",
            "MAXIMUM_CONCURRENT_RUNS_REACHED",
        ] {
            self.is(state("TERMINATED", Some(result), "told"));
            self.side.get(&format!("result {result}"), &run).await;
        }
        self.is(state("TERMINATED", None, "told"));
        self.side.get("no result", &run).await;
        let mut paged = state("RUNNING", None, "In run");
        paged["run_page_url"] = "https://acme.example/?o=1#job/11/run/1".into();
        self.is(paged);
        self.side.get("a page of its own", &run).await;
    }

    /// The newer form, alone.
    async fn newer_states(&mut self) {
        let run = self.create("statuses", "existing").await;
        for status in ["PENDING", "QUEUED", "RUNNING", "WAITING"] {
            self.is(json!({"status": {"state": status}}));
            self.side.get(&format!("status {status}"), &run).await;
        }
        for (code, fault) in [
            ("SUCCESS", "SUCCESS"),
            ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
            ("CLUSTER_ERROR", "CLOUD_FAILURE"),
        ] {
            let details = json!({"code": code, "type": fault, "message": "told"});
            self.is(json!({"status": {"state": "TERMINATED", "termination_details": details}}));
            self.side.get(&format!("status {code}"), &run).await;
        }
    }

    async fn failures(&mut self) {
        let run = self.create("failure", "existing").await;
        self.is(state("TERMINATED", Some("FAILED"), "Workload failed, see run output for details"));
        if let Some(run) = self.side.vendor().runs.last_mut() {
            run.output =
                json!({"error": "ValueError: no", "error_trace": "Traceback\nValueError: no"});
        }
        self.side.get("failure", &run).await;
    }

    async fn lost_runs(&mut self) {
        let run = self.create("gone", "existing").await;
        self.side.vendor().runs.pop();
        self.side.get("gone", &run).await;
        self.side.delete("gone", &run).await;
    }

    /// What passes by itself: each comes once.
    async fn troubles(&mut self) {
        let run = self.create("troubles", "existing").await;
        self.is(state("RUNNING", None, "In run"));
        self.side.get("before troubles", &run).await;
        for (case, answer) in [
            ("503", Databricks::refusal(503, "TEMPORARILY_UNAVAILABLE", "later")),
            ("429", Databricks::refusal(429, "REQUEST_LIMIT_EXCEEDED", "slow down")),
            ("a proxy's page", Answer::Page(502)),
            ("a reset", Answer::Reset),
            ("a cut answer", Answer::Cut(json!({"job_id": 11, "run_id": 7}))),
        ] {
            self.side.vendor().next.push_back(answer);
            self.side.get(&format!("trouble {case}"), &run).await;
        }
        let mut running = state("RUNNING", None, "In run");
        running["job_id"] = 11.into();
        let late = Answer::Late(Duration::from_secs(12), Box::new(running.into()));
        self.side.vendor().next.push_back(late);
        self.side.get("a silent vendor", &run).await;
        for (case, answer) in [
            ("503", Databricks::refusal(503, "TEMPORARILY_UNAVAILABLE", "later")),
            ("a page that says 200", Answer::Page(200)),
            ("a reset", Answer::Reset),
        ] {
            self.side.vendor().next.push_back(answer);
            self.side.delete(&format!("cancel and {case}"), &run).await;
        }
    }

    /// A no at the submission, and what the job reports of it.
    async fn refused_creates(&mut self) {
        for (case, answer) in [
            (
                "bad cluster",
                Databricks::refusal(400, "INVALID_PARAMETER_VALUE", "no such node type"),
            ),
            ("no access", Databricks::refusal(403, "PERMISSION_DENIED", "may not submit")),
        ] {
            self.side.vendor().next.push_back(answer);
            let run = self.create(case, "existing").await;
            self.side.get(case, &run).await;
        }
        for task in ["no_token", "no_conf", "no_cluster"] {
            let run = self.create(task, task).await;
            self.side.get(task, &run).await;
        }
    }
}

/// Runs that one side began are polled and cancelled by the other one, as by their own.
pub(crate) async fn across<'a>(
    theirs: &mut Side<'a, Databricks>,
    ours: &mut Side<'a, Databricks>,
    requests: &Requests,
    host: &str,
) {
    for theirs_begin in [true, false] {
        let request = request(requests, "new_cluster", host);
        let request = of_run(request, &format!("across {theirs_begin}"));
        let (first, second) =
            if theirs_begin { (&mut *theirs, &mut *ours) } else { (&mut *ours, &mut *theirs) };
        let (run, created) = first.created(request).await;
        created.unwrap();
        for (life_cycle, result) in
            [("PENDING", None), ("RUNNING", None), ("TERMINATED", Some("SUCCESS"))]
        {
            first.vendor().newest_is(state(life_cycle, result, "told"));
            let (own, others) = (first.got(&run).await.unwrap(), second.got(&run).await.unwrap());
            assert_eq!((own.phase, &own.message), (others.phase, &others.message), "{life_cycle}");
            assert_eq!(own.log_links[0], others.log_links[0], "{life_cycle}");
            assert_eq!(own.outputs, others.outputs, "{life_cycle}");
        }
        first.vendor().newest_is(state("RUNNING", None, ""));
        second.deleted(&run).await.unwrap();
        let told = first.vendor().runs.last().map(|run| run.told["state"]["result_state"].clone());
        assert_eq!(told, Some("CANCELED".into()));
    }
}
