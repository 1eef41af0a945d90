//! Every state, result and code that Databricks documents (SDK for Python 0.162.0), and what is new.

use connector_core::prelude::*;
use serde_json::{Value, json};

use super::{Standing, refusal};
use crate::run::Run;

fn standing(run: Value) -> Standing {
    Standing::of(&serde_json::from_value::<Run>(run).unwrap())
}

fn phase(run: Value) -> Option<Phase> {
    match standing(run) {
        Standing::Known(phase, _) => Some(phase),
        Standing::Unknown(_) => None,
    }
}

#[test]
fn every_life_cycle_state() {
    for (state, expected) in [
        ("PENDING", Phase::Initializing),
        ("QUEUED", Phase::Queued),
        ("BLOCKED", Phase::Queued),
        ("WAITING_FOR_RETRY", Phase::WaitingForResources),
        ("RUNNING", Phase::Running),
        ("TERMINATING", Phase::Running),
        ("SKIPPED", Phase::Failed),
        ("INTERNAL_ERROR", Phase::RetryableFailed),
    ] {
        assert_eq!(phase(json!({"state": {"life_cycle_state": state}})), Some(expected), "{state}");
    }
}

#[test]
fn every_result() {
    for (result, expected) in [
        ("SUCCESS", Phase::Succeeded),
        ("SUCCESS_WITH_FAILURES", Phase::Succeeded),
        ("FAILED", Phase::Failed),
        ("TIMEDOUT", Phase::Failed),
        ("CANCELED", Phase::Failed),
        ("EXCLUDED", Phase::Failed),
        ("DISABLED", Phase::Failed),
        ("UPSTREAM_FAILED", Phase::Failed),
        ("UPSTREAM_CANCELED", Phase::Failed),
        ("MAXIMUM_CONCURRENT_RUNS_REACHED", Phase::RetryableFailed),
    ] {
        let run = json!({"state": {"life_cycle_state": "TERMINATED", "result_state": result}});
        assert_eq!(phase(run), Some(expected), "{result}");
        // A result that is there already is none before the end.
        let run = json!({"state": {"life_cycle_state": "TERMINATING", "result_state": result}});
        assert_eq!(phase(run), Some(Phase::Running), "{result}");
    }
}

#[test]
fn every_status() {
    for (state, expected) in [
        ("PENDING", Phase::Initializing),
        ("QUEUED", Phase::Queued),
        ("BLOCKED", Phase::Queued),
        ("WAITING", Phase::WaitingForResources),
        ("RUNNING", Phase::Running),
        ("TERMINATING", Phase::Running),
    ] {
        assert_eq!(phase(json!({"status": {"state": state}})), Some(expected), "{state}");
    }
}

fn ended(code: &str, fault: &str) -> Option<Phase> {
    let details = json!({"code": code, "type": fault, "message": "m"});
    phase(json!({"status": {"state": "TERMINATED", "termination_details": details}}))
}

#[test]
fn every_termination_code() {
    let (failed, again) = (Some(Phase::Failed), Some(Phase::RetryableFailed));
    for (code, by_client, by_nobody, by_cloud) in [
        ("SUCCESS", Some(Phase::Succeeded), Some(Phase::Succeeded), Some(Phase::Succeeded)),
        (
            "SUCCESS_WITH_FAILURES",
            Some(Phase::Succeeded),
            Some(Phase::Succeeded),
            Some(Phase::Succeeded),
        ),
        ("RUN_EXECUTION_ERROR", failed, failed, again),
        ("USER_CANCELED", failed, failed, again),
        ("CANCELED", failed, failed, again),
        ("SKIPPED", failed, failed, again),
        ("INTERNAL_ERROR", again, again, again),
        ("CLUSTER_ERROR", failed, failed, again),
        ("CLOUD_FAILURE", again, again, again),
        ("DRIVER_ERROR", failed, failed, again),
        ("LIBRARY_INSTALLATION_ERROR", failed, failed, again),
        ("STORAGE_ACCESS_ERROR", failed, failed, again),
        ("REPOSITORY_CHECKOUT_FAILED", failed, failed, again),
        ("INVALID_CLUSTER_REQUEST", failed, failed, again),
        ("INVALID_RUN_CONFIGURATION", failed, failed, again),
        ("RESOURCE_NOT_FOUND", failed, failed, again),
        ("UNAUTHORIZED_ERROR", failed, failed, again),
        ("FEATURE_DISABLED", failed, failed, again),
        ("BREAKING_CHANGE", failed, failed, again),
        ("DISABLED", failed, failed, again),
        ("BUDGET_POLICY_LIMIT_EXCEEDED", failed, failed, again),
        ("CLUSTER_REQUEST_LIMIT_EXCEEDED", again, again, again),
        ("MAX_CONCURRENT_RUNS_EXCEEDED", again, again, again),
        ("MAX_JOB_QUEUE_SIZE_EXCEEDED", again, again, again),
        ("MAX_SPARK_CONTEXTS_EXCEEDED", again, again, again),
        ("WORKSPACE_RUN_LIMIT_EXCEEDED", again, again, again),
    ] {
        assert_eq!(ended(code, "CLIENT_ERROR"), by_client, "{code}");
        assert_eq!(ended(code, ""), by_nobody, "{code}");
        assert_eq!(ended(code, "CLOUD_FAILURE"), by_cloud, "{code}");
        assert_eq!(ended(code, "INTERNAL_ERROR"), by_cloud, "{code}");
    }
    assert_eq!(ended("SOMETHING_NEW", "CLIENT_ERROR"), failed);
    assert_eq!(ended("SOMETHING_NEW", "CLOUD_FAILURE"), again);
    assert_eq!(ended("SOMETHING_NEW", "SUCCESS"), Some(Phase::Succeeded));
    assert_eq!(ended("SOMETHING_NEW", ""), None);
}

#[test]
fn the_newer_word_counts_if_it_is_known() {
    let cloud = json!({"code": "CLUSTER_ERROR", "type": "CLOUD_FAILURE"});
    let run = json!({
        "state": {"life_cycle_state": "TERMINATED", "result_state": "FAILED"},
        "status": {"state": "TERMINATED", "termination_details": cloud},
    });
    assert_eq!(phase(run), Some(Phase::RetryableFailed));
    for status in [json!({"state": "HIBERNATING"}), json!({"state": "TERMINATED"}), json!({})] {
        let run = json!({
            "state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}, "status": status,
        });
        assert_eq!(phase(run), Some(Phase::Succeeded), "{status}");
    }
}

#[test]
fn what_is_new_runs_on_until_it_ended_long_ago() {
    let unknown = |word: &str| Standing::Unknown(word.to_owned());
    assert_eq!(standing(json!({"status": {"state": "HIBERNATING"}})), unknown("HIBERNATING"));
    assert_eq!(
        standing(json!({"state": {"life_cycle_state": "HIBERNATING"}})),
        unknown("HIBERNATING")
    );
    assert_eq!(
        standing(json!({"state": {"life_cycle_state": "TERMINATED"}})),
        unknown("TERMINATED")
    );
    assert_eq!(standing(json!({})), unknown("nothing"));
    let new = |end_time: u64| {
        json!({
            "state": {"life_cycle_state": "TERMINATED", "result_state": "HALF_DONE"}, "end_time": end_time,
        })
    };
    assert_eq!(standing(new(0)), unknown("HALF_DONE"));
    assert_eq!(standing(new(u64::MAX)), unknown("HALF_DONE"));
    let failed = Standing::Known(Phase::Failed, "an end called `HALF_DONE`".to_owned());
    assert_eq!(standing(new(1_700_000_000_000)), failed);
}

#[test]
fn refusals() {
    let transient = Some(ErrorKind::Transient { retry_after: None });
    for (status, code, message, kind) in [
        (400, "INVALID_PARAMETER_VALUE", "Run 7 does not exist.", Some(ErrorKind::NotFound)),
        (
            400,
            "INVALID_PARAMETER_VALUE",
            "Run: 7 in job: 8 doesn't exist",
            Some(ErrorKind::NotFound),
        ),
        (400, "INVALID_PARAMETER_VALUE", "Cluster c does not exist", None),
        (404, "RESOURCE_DOES_NOT_EXIST", "Run 7 does not exist.", None),
        (404, "ENDPOINT_NOT_FOUND", "No API found", Some(ErrorKind::Permanent)),
        (403, "PERMISSION_DENIED", "User lacks permission", None),
        (403, "403", "Invalid access token.", Some(ErrorKind::Unauthenticated)),
        (429, "REQUEST_LIMIT_EXCEEDED", "", transient),
        (400, "REQUEST_LIMIT_EXCEEDED", "", transient),
        (409, "ABORTED", "", transient),
        (503, "TEMPORARILY_UNAVAILABLE", "", transient),
        (500, "INTERNAL_ERROR", "", None),
    ] {
        assert_eq!(refusal(status, code, message), kind, "{status} {code} {message}");
    }
}
