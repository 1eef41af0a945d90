//! BigQuery in a storm. A run's name is the project of its jobs, so that the vendor knows it.

use connector_core::pb;
use connector_testing::{Task, VendorJob, VendorState};
use vendor_tests::bigquery::BigQuery;
use vendor_tests::fake::{Answer, Call};

use super::Stormy;

impl Stormy for BigQuery {
    const ENDPOINT: &'static str = "BIGQUERY_API_ENDPOINT";
    const CANCELLED: &'static str = "(stopped)";

    fn refusals(_call: &Call) -> Vec<Answer> {
        [
            (429, "rateLimitExceeded"),
            (403, "rateLimitExceeded"),
            (403, "quotaExceeded"),
            (500, "internalError"),
            (503, "backendError"),
        ]
        .map(|(status, reason)| Self::refusal(status, reason, "try again later"))
        .into()
    }

    fn task(url: &str, run: &str) -> Task {
        let statement = pb::Sql { statement: "SELECT 1 AS x".to_owned(), ..Default::default() };
        let template = pb::TaskTemplate {
            r#type: "bigquery_query_job_task".to_owned(),
            target: Some(pb::task_template::Target::Sql(statement)),
            ..Default::default()
        };
        Task::from_template(template)
            .custom("ProjectID", run)
            .custom("Domain", "development")
            .output("results")
            .secret("google_application_credentials", Self::key_file(url))
            .attempts(10_000)
    }

    fn end_after(&mut self, looks: u32) {
        self.looks = Some(looks);
    }

    fn creates(call: &Call) -> bool {
        call.method == "POST" && call.path.ends_with("/jobs")
    }

    fn seen(&self) -> Vec<VendorJob> {
        let job = |job: &vendor_tests::bigquery::Job| {
            let text = |name: &str| job.reference[name].as_str().unwrap_or_default().to_owned();
            let state = match (job.status["state"] == "DONE", job.status["errorResult"].is_null()) {
                (false, _) => VendorState::Live,
                (true, true) => VendorState::Succeeded,
                (true, false) => VendorState::Cancelled,
            };
            let id = text("jobId");
            // A job that follows a cancelled one of its attempt is named after it.
            let (key, follows) =
                id.split_once('_').map_or((id.as_str(), false), |(key, _)| (key, true));
            VendorJob::new(&id, state).key(key).run(text("projectId")).is_replacement(follows)
        };
        self.jobs.iter().map(job).collect()
    }
}
