//! What Databricks says of a run, as a phase. A run is told of twice: by `state`, and by the newer
//! `status`, which also says whose fault an end was. Where both are there the newer one counts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;

use crate::run::{Run, State, Status, Termination};

/// `state.life_cycle_state`; of a run that is TERMINATED the result counts.
const LIFE_CYCLE: StateTable = StateTable::new(&[
    ("PENDING", Phase::Initializing),
    ("QUEUED", Phase::Queued),
    ("BLOCKED", Phase::Queued),
    ("WAITING_FOR_RETRY", Phase::WaitingForResources),
    ("RUNNING", Phase::Running),
    ("TERMINATING", Phase::Running),
    ("SKIPPED", Phase::Failed),
    ("INTERNAL_ERROR", Phase::RetryableFailed),
]);

/// `state.result_state`.
const RESULT: StateTable = StateTable::new(&[
    ("SUCCESS", Phase::Succeeded),
    // The leaves of the tasks have succeeded.
    ("SUCCESS_WITH_FAILURES", Phase::Succeeded),
    ("FAILED", Phase::Failed),
    ("TIMEDOUT", Phase::Failed),
    ("CANCELED", Phase::Failed),
    ("EXCLUDED", Phase::Failed),
    ("DISABLED", Phase::Failed),
    ("UPSTREAM_FAILED", Phase::Failed),
    ("UPSTREAM_CANCELED", Phase::Failed),
    // The run was skipped, and nothing is wrong with it.
    ("MAXIMUM_CONCURRENT_RUNS_REACHED", Phase::RetryableFailed),
]);

/// `status.state`; of a run that is TERMINATED the details count.
const STATUS: StateTable = StateTable::new(&[
    ("PENDING", Phase::Initializing),
    ("QUEUED", Phase::Queued),
    ("BLOCKED", Phase::Queued),
    ("WAITING", Phase::WaitingForResources),
    ("RUNNING", Phase::Running),
    ("TERMINATING", Phase::Running),
]);

/// `status.termination_details.code`, where it says all.
const CODE: StateTable = StateTable::new(&[
    ("SUCCESS", Phase::Succeeded),
    ("SUCCESS_WITH_FAILURES", Phase::Succeeded),
    ("INTERNAL_ERROR", Phase::RetryableFailed),
    ("CLOUD_FAILURE", Phase::RetryableFailed),
    // Limits of the workspace, which others' runs have reached.
    ("CLUSTER_REQUEST_LIMIT_EXCEEDED", Phase::RetryableFailed),
    ("MAX_CONCURRENT_RUNS_EXCEEDED", Phase::RetryableFailed),
    ("MAX_JOB_QUEUE_SIZE_EXCEEDED", Phase::RetryableFailed),
    ("MAX_SPARK_CONTEXTS_EXCEEDED", Phase::RetryableFailed),
    ("WORKSPACE_RUN_LIMIT_EXCEEDED", Phase::RetryableFailed),
]);

/// `status.termination_details.type`: whose fault it is, where the code does not say it.
const FAULT: StateTable = StateTable::new(&[
    ("SUCCESS", Phase::Succeeded),
    ("CLIENT_ERROR", Phase::Failed),
    ("INTERNAL_ERROR", Phase::RetryableFailed),
    ("CLOUD_FAILURE", Phase::RetryableFailed),
]);

/// The other documented codes. They are failures, whose kind says whether for good.
const FAILURES: [&str; 17] = [
    "BREAKING_CHANGE",
    "BUDGET_POLICY_LIMIT_EXCEEDED",
    "CANCELED",
    "CLUSTER_ERROR",
    "DISABLED",
    "DRIVER_ERROR",
    "FEATURE_DISABLED",
    "INVALID_CLUSTER_REQUEST",
    "INVALID_RUN_CONFIGURATION",
    "LIBRARY_INSTALLATION_ERROR",
    "REPOSITORY_CHECKOUT_FAILED",
    "RESOURCE_NOT_FOUND",
    "RUN_EXECUTION_ERROR",
    "SKIPPED",
    "STORAGE_ACCESS_ERROR",
    "UNAUTHORIZED_ERROR",
    "USER_CANCELED",
];

/// How long a run that has ended in a way unknown here may go on to be asked about.
const SETTLES_WITHIN: Duration = Duration::from_secs(600);

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A phase, and the vendor's word for it.
    Known(Phase, String),
    /// A word that no table has.
    Unknown(String),
}

impl Standing {
    pub(crate) fn of(run: &Run) -> Self {
        let status = run.status.as_ref().map(of_status);
        if let Some(known @ Self::Known(..)) = status {
            return known;
        }
        match run.state.as_ref().map(of_state) {
            Some(known @ Self::Known(..)) => known,
            by_state => {
                let unknown = status.or(by_state);
                let word = match &unknown {
                    Some(Self::Unknown(word)) => word.as_str(),
                    _ => "nothing",
                };
                if has_ended(run, SystemTime::now()) {
                    return Self::Known(Phase::Failed, format!("an end called `{word}`"));
                }
                Self::Unknown(word.to_owned())
            }
        }
    }

    /// Whether it is the end, and no good one.
    pub(crate) const fn is_failure(&self) -> bool {
        matches!(self, Self::Known(Phase::Failed | Phase::RetryableFailed, _))
    }
}

fn of_state(state: &State) -> Standing {
    let life_cycle = state.life_cycle_state.as_deref().unwrap_or_default();
    let (table, word) = match (life_cycle, state.result_state.as_deref()) {
        ("TERMINATED", Some(result)) => (RESULT, result),
        _ => (LIFE_CYCLE, life_cycle),
    };
    in_table(table, word)
}

fn of_status(status: &Status) -> Standing {
    let word = status.state.as_deref().unwrap_or_default();
    match (&status.termination_details, word) {
        (Some(details), "TERMINATED") => of_end(details),
        _ => in_table(STATUS, word),
    }
}

fn of_end(details: &Termination) -> Standing {
    let code = details.code.as_deref().unwrap_or_default();
    let fault = details.fault.as_deref().unwrap_or_default();
    let by_fault = || FAULT.phase(fault);
    let phase = CODE.phase(code).or_else(|| match by_fault() {
        // A failure with a kind that is new is one all the same.
        None | Some(Phase::Succeeded) => FAILURES.contains(&code).then_some(Phase::Failed),
        phase => phase,
    });
    let word = if code.is_empty() { fault } else { code };
    match phase.or_else(by_fault) {
        Some(phase) => Standing::Known(phase, word.to_owned()),
        None => Standing::Unknown(word.to_owned()),
    }
}

fn in_table(table: StateTable, word: &str) -> Standing {
    match table.phase(word) {
        Some(phase) => Standing::Known(phase, word.to_owned()),
        None => Standing::Unknown(word.to_owned()),
    }
}

/// Whether the run ended some time ago: what it is called now it will be called for ever.
fn has_ended(run: &Run, now: SystemTime) -> bool {
    let ended = run.end_time.filter(|end| *end > 0).map(Duration::from_millis);
    let settled = ended.and_then(|end| UNIX_EPOCH.checked_add(end)?.checked_add(SETTLES_WITHIN));
    settled.is_some_and(|settled| settled < now)
}

/// What a refused call means, by its code and text; `None` where the status says all.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Option<ErrorKind> {
    let transient = Some(ErrorKind::Transient { retry_after: None });
    match (status, code) {
        // It is said so of a run that was deleted, or never was. Other things do not exist, too.
        (400, "INVALID_PARAMETER_VALUE") if is_of_no_run(message) => Some(ErrorKind::NotFound),
        // There is no such call, which is no word about a run.
        (404, "ENDPOINT_NOT_FOUND" | "FEATURE_DISABLED") => Some(ErrorKind::Permanent),
        // The token ran out, or was taken back.
        (403, _) if message.to_ascii_lowercase().contains("invalid access token") => {
            Some(ErrorKind::Unauthenticated)
        }
        (_, "REQUEST_LIMIT_EXCEEDED" | "TEMPORARILY_UNAVAILABLE" | "ABORTED") => transient,
        _ => None,
    }
}

fn is_of_no_run(message: &str) -> bool {
    message.starts_with("Run")
        && (message.contains("does not exist") || message.contains("doesn't exist"))
}

#[cfg(test)]
mod tests;
