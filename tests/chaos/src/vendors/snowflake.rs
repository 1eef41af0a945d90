//! Snowflake in a storm. A run's name stands in its statement, so that the vendor knows it.
//!
//! The id of a request counts within one session, so a statement that two servers submit at the same
//! moment runs twice: the second has looked into the history before the first was in it. Such pairs are
//! counted apart; one server never makes any.

use std::collections::BTreeMap;

use connector_core::pb;
use connector_testing::{Task, VendorJob, VendorState};
use vendor_tests::fake::{Answer, Call};
use vendor_tests::snowflake::{PASSWORD, Query, Snowflake};

use super::Stormy;

const SUBMIT: &str = "/queries/v1/query-request";

impl Stormy for Snowflake {
    const ENDPOINT: &'static str = "SNOWFLAKE_HOST_OVERRIDE";
    const CANCELLED: &'static str = "SQL execution canceled";

    fn refusals(call: &Call) -> Vec<Answer> {
        let busy = [429, 503, 500].map(|status| Answer::Json(status, serde_json::Value::Null));
        let ends = [("390112", "Session has expired"), ("390111", "Session no longer exists")]
            .map(|(code, message)| Self::refusal(code, message));
        // At the door there is no session yet that could end.
        let is_inside = !call.path.starts_with("/session/");
        busy.into_iter().chain(ends.into_iter().filter(|_| is_inside)).collect()
    }

    fn task(_url: &str, run: &str) -> Task {
        let statement = pb::Sql { statement: format!("SELECT '{run}'"), ..Default::default() };
        let template = pb::TaskTemplate {
            r#type: "snowflake".to_owned(),
            target: Some(pb::task_template::Target::Sql(statement)),
            ..Default::default()
        };
        let place =
            [("account", "myorg-acc"), ("user", "flyte"), ("database", "DB"), ("warehouse", "WH")];
        place
            .into_iter()
            .fold(Task::from_template(template), |task, (name, value)| task.custom(name, value))
            .output("results")
            // A key pair signs anew at each login, which takes long without optimisation.
            .secret("snowflake_password", PASSWORD)
            .attempts(10_000)
    }

    fn end_after(&mut self, looks: u32) {
        self.looks = Some(looks);
    }

    fn creates(call: &Call) -> bool {
        call.path == SUBMIT && !run_in(call).is_empty()
    }

    /// Everything is posted to one path; a run's statement tells calls apart.
    fn subject(call: &Call) -> String {
        format!("{} {} {}", call.method, call.path, run_in(call))
    }

    fn settings() -> Vec<(&'static str, &'static str)> {
        vec![("CONNECTOR__SNOWFLAKE__REPEATED_CREATES", "query_history")]
    }

    fn seen(&self) -> Vec<VendorJob> {
        let twice = twice(&self.queries);
        let job = |query: &Query| {
            let state = match (query.is_cancelled(), query.told["status"] == "SUCCESS") {
                (true, _) => VendorState::Cancelled,
                (false, true) => VendorState::Succeeded,
                (false, false) => VendorState::Live,
            };
            let run = query.sql.split('\'').nth(1).unwrap_or_default();
            let job = VendorJob::new(&query.id, state).run(run).is_replacement(query.replaces);
            let is_known = twice.contains_key(query.key());
            if is_known { job } else { job.key(query.key()) }
        };
        self.queries.iter().map(job).collect()
    }

    fn known_twice(&self) -> usize {
        twice(&self.queries).len()
    }
}

/// The run whose statement a call submits, or nothing.
fn run_in(call: &Call) -> String {
    let body = String::from_utf8_lossy(&call.body);
    let run = body.split("storm-").nth(1).and_then(|rest| rest.split('\'').next());
    run.filter(|_| call.path == SUBMIT).unwrap_or_default().to_owned()
}

/// Attempts whose queries were submitted in as many sessions: nothing tells Snowflake that they are one.
fn twice(queries: &[Query]) -> BTreeMap<&str, Vec<usize>> {
    let mut logins: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for query in queries.iter().filter(|query| !query.replaces) {
        logins.entry(query.key()).or_default().push(query.login);
    }
    logins.retain(|_, logins| {
        let all = logins.len();
        logins.sort_unstable();
        logins.dedup();
        all > 1 && logins.len() == all
    });
    logins
}
