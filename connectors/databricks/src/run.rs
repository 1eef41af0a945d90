//! A run as `jobs/runs/get` tells of it, and its output as `jobs/runs/get-output` does. Everything may be
//! missing: versions of the API differ, and no poll may fail of it.

use connector_core::prelude::*;
use serde_json::Value;

/// A run, or one task of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) job_id: Option<Value>,
    pub(crate) run_id: Option<Value>,
    pub(crate) task_key: Option<String>,
    pub(crate) run_page_url: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) status: Option<Status>,
    /// The runs of its tasks, of which a run of a single task has one, or none.
    pub(crate) tasks: Option<Vec<Self>>,
    /// Where version 2.2 goes on with `tasks`, of which a page has a hundred.
    pub(crate) next_page_token: Option<String>,
    /// In milliseconds since 1970; 0 before the end.
    pub(crate) end_time: Option<u64>,
    /// In milliseconds, as all that follow.
    pub(crate) queue_duration: Option<u64>,
    pub(crate) setup_duration: Option<u64>,
    pub(crate) execution_duration: Option<u64>,
    pub(crate) cleanup_duration: Option<u64>,
    pub(crate) run_duration: Option<u64>,
}

/// Where it stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) life_cycle_state: Option<String>,
    pub(crate) result_state: Option<String>,
    pub(crate) state_message: Option<String>,
}

/// Where it stands, in the newer form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    pub(crate) state: Option<String>,
    pub(crate) termination_details: Option<Termination>,
    pub(crate) queue_details: Option<Waiting>,
}

/// How it ended.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Termination {
    pub(crate) code: Option<String>,
    #[serde(rename = "type")]
    pub(crate) fault: Option<String>,
    pub(crate) message: Option<String>,
}

/// What it waits for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Waiting {
    pub(crate) message: Option<String>,
}

/// What a run, or one task of it, left behind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Output {
    /// What went wrong, in one line.
    pub(crate) error: Option<String>,
    pub(crate) error_trace: Option<String>,
    /// The end of what the driver wrote.
    pub(crate) logs: Option<String>,
    pub(crate) logs_truncated: Option<bool>,
    pub(crate) info: Option<String>,
    pub(crate) notebook_output: Option<Notebook>,
    pub(crate) sql_output: Option<Value>,
    pub(crate) dbt_output: Option<Value>,
}

/// What a notebook handed to `dbutils.notebook.exit`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Notebook {
    pub(crate) result: Option<String>,
}

impl Run {
    /// The token of the next page of its tasks, if there is one.
    pub(crate) fn next_page(&self) -> Option<&str> {
        self.next_page_token.as_deref().filter(|token| !token.is_empty())
    }

    /// Adds the tasks of the page that follows.
    pub(crate) fn add(&mut self, page: Self) {
        self.tasks.get_or_insert_default().extend(page.tasks.into_iter().flatten());
        self.next_page_token = page.next_page_token;
    }

    /// Durations by name, in seconds.
    pub(crate) fn durations(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let named = [
            ("queue_duration_seconds", self.queue_duration),
            ("setup_duration_seconds", self.setup_duration),
            ("execution_duration_seconds", self.execution_duration),
            ("cleanup_duration_seconds", self.cleanup_duration),
            ("run_duration_seconds", self.run_duration),
        ];
        // Zero is what Databricks says of a duration that it does not tell.
        let told = named
            .into_iter()
            .filter_map(|(name, millis)| Some((name, millis.filter(|it| *it > 0)?)));
        told.map(|(name, millis)| (name, std::time::Duration::from_millis(millis).as_secs_f64()))
    }

    /// The runs that have an output: its tasks, or itself.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self.tasks.as_deref() {
            None | Some([]) => vec![self],
            Some(tasks) => tasks.iter().collect(),
        }
    }
}
