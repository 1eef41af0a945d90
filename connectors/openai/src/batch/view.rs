//! A batch as OpenAI tells of it, and what that is to Flyte. Everything but its id may be missing: no poll may
//! fail of it.

use connector_core::prelude::*;
use serde_json::{Map, Value};

use super::config::TAG;

/// What OpenAI calls the states of a batch. They are documented as these eight.
const STATES: StateTable = StateTable::new(&[
    ("validating", Phase::Running),
    ("in_progress", Phase::Running),
    ("finalizing", Phase::Running),
    ("completed", Phase::Succeeded),
    ("failed", Phase::Failed),
    ("expired", Phase::Failed),
    // Up to ten minutes long it still answers requests that it has begun.
    ("cancelling", Phase::Running),
    // A failure, because the executor shows why for a failure only.
    ("cancelled", Phase::Failed),
]);
/// How many of a batch's errors a message has.
const MOST_ERRORS: usize = 3;
/// What `openai-batch-download-files` of the official plug-in asks the output for, and fails without.
const FILES: [&str; 2] = ["output_file_id", "error_file_id"];

/// What a task gives back.
#[derive(Debug, TaskOutputs)]
pub struct Done {
    /// The batch as OpenAI told of it at its end; `output_file_id` and `error_file_id` name its files.
    pub result: Value,
}

/// A batch.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct View(Map<String, Value>);

impl View {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// OpenAI's id of it.
    pub(crate) fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// When it was created, in seconds since 1970.
    pub(crate) fn created_at(&self) -> Option<u64> {
        self.0.get("created_at")?.as_u64()
    }

    /// Whether it is the one of that attempt, and nobody has cancelled it.
    pub(crate) fn is_of(&self, tag: &str) -> bool {
        let own = self.0.get("metadata").and_then(|metadata| metadata.get(TAG)?.as_str());
        own == Some(tag) && !self.is_cancelled()
    }

    fn status(&self) -> &str {
        self.text("status").unwrap_or_default()
    }

    fn is_cancelled(&self) -> bool {
        matches!(self.status(), "cancelling" | "cancelled")
    }

    /// Whether there is nothing left to cancel.
    pub(crate) fn is_over(&self) -> bool {
        self.is_cancelled() || STATES.phase(self.status()).is_some_and(Phase::is_terminal)
    }

    /// What it is to Flyte.
    pub(crate) fn resource(self) -> Resource<Done> {
        let mut resource: Resource<Done> = STATES.resource(self.status());
        if resource.unknown_state.is_none() {
            resource.message = self.said();
        }
        let counts = self.0.get("request_counts").filter(|counts| counts.is_object());
        for (name, value) in counts.into_iter().map(|counts| ("request_counts", counts)) {
            resource = resource.info(name, value.clone());
        }
        for name in FILES {
            if let Some(file) = self.text(name) {
                resource = resource.info(name, file);
            }
        }
        if resource.phase == Phase::Succeeded {
            let mut result = self.0;
            for name in FILES {
                result.entry(name).or_insert(Value::Null);
            }
            resource.outputs = Done { result: Value::Object(result) }.into();
        }
        resource
    }

    /// Where it stands, in words: `in_progress: 3 of 10 requests answered, 1 failed`.
    fn said(&self) -> String {
        let status = self.status();
        let count = |name: &str| self.0.get("request_counts")?.get(name)?.as_u64();
        let mut said = match (count("total"), count("completed"), count("failed")) {
            (Some(total), Some(answered), Some(failed)) if total > 0 => {
                let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
                format!("{status}: {answered} of {total} requests answered{failed}")
            }
            _ => status.to_owned(),
        };
        let errors = self.0.get("errors").and_then(|errors| errors.get("data")?.as_array());
        for error in errors.into_iter().flatten().take(MOST_ERRORS) {
            let Some(message) = error["message"].as_str() else { continue };
            let line = error["line"].as_u64().map(|line| format!("line {line}: "));
            said.push_str(&format!("\n{}{message}", line.unwrap_or_default()));
        }
        let more = errors.map_or(0, Vec::len).saturating_sub(MOST_ERRORS);
        if more > 0 {
            said.push_str(&format!("\nand {more} more"));
        }
        if let (Some(file), Some(Phase::Failed)) =
            (self.text("output_file_id"), STATES.phase(status))
        {
            said.push_str(&format!("\nwhat was answered is in OpenAI's file {file}"));
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::View;

    fn view(value: Value) -> View {
        serde_json::from_value(value).unwrap()
    }

    fn told(value: Value) -> (Phase, String) {
        let resource = view(value).resource();
        (resource.phase, resource.message)
    }

    #[test]
    fn states_are_phases_and_words() {
        let counts = json!({"total": 10, "completed": 3, "failed": 1});
        for (status, phase, is_over) in [
            ("validating", Phase::Running, false),
            ("in_progress", Phase::Running, false),
            ("finalizing", Phase::Running, false),
            ("cancelling", Phase::Running, true),
            ("completed", Phase::Succeeded, true),
            ("failed", Phase::Failed, true),
            ("expired", Phase::Failed, true),
            ("cancelled", Phase::Failed, true),
        ] {
            let batch = json!({"id": "b", "status": status, "request_counts": counts});
            assert_eq!(view(batch.clone()).is_over(), is_over, "{status}");
            let said = format!("{status}: 3 of 10 requests answered, 1 failed");
            assert_eq!(told(batch), (phase, said));
        }
        assert_eq!(told(json!({"status": "validating", "request_counts": null})).1, "validating");
        let nothing = json!({"total": 0, "completed": 0, "failed": 0});
        let said = told(json!({"status": "validating", "request_counts": nothing})).1;
        assert_eq!(said, "validating");
    }

    #[test]
    fn a_state_that_nobody_knows_is_a_running_batch() {
        for status in [json!("paused"), json!(7), Value::Null] {
            let resource = view(json!({"id": "b", "status": status})).resource();
            assert_eq!(resource.phase, Phase::Running);
            assert!(resource.unknown_state.is_some(), "{status}");
        }
    }

    #[test]
    fn errors_are_told_by_line_and_not_all() {
        let error = |line: u64| json!({"code": "x", "line": line, "message": format!("bad {line}"), "param": null});
        let mut errors: Vec<_> = (1..=5).map(error).collect();
        errors[1]["line"] = Value::Null;
        let (phase, said) =
            told(json!({"status": "failed", "errors": {"object": "list", "data": errors}}));
        assert_eq!(phase, Phase::Failed);
        assert_eq!(said, "failed\nline 1: bad 1\nbad 2\nline 3: bad 3\nand 2 more");
    }

    #[test]
    fn a_batch_that_did_not_end_well_says_where_its_answers_are() {
        let counts = json!({"total": 2, "completed": 1, "failed": 0});
        let resource = view(
            json!({"status": "expired", "request_counts": counts, "output_file_id": "file-o"}),
        )
        .resource();
        let said =
            "expired: 1 of 2 requests answered\nwhat was answered is in OpenAI's file file-o";
        assert_eq!(resource.message, said);
        assert_eq!(resource.custom_info.fields.len(), 2);
        assert!(resource.outputs.into_inline().is_none());
    }

    #[test]
    fn the_output_is_the_batch_and_has_both_files() {
        let batch = json!({"id": "b", "status": "completed", "created_at": 1_700_000_000, "output_file_id": "o"});
        let done = view(batch.clone()).resource().outputs.into_inline().unwrap();
        let mut whole = batch;
        whole["error_file_id"] = Value::Null;
        assert_eq!(done.result, whole);
    }

    #[test]
    fn a_batch_is_an_attempts_until_it_is_cancelled() {
        let batch =
            |status: &str| view(json!({"status": status, "metadata": {"flyte_attempt": "k"}}));
        assert!(batch("failed").is_of("k") && batch("validating").is_of("k"));
        assert!(!batch("validating").is_of("j"));
        assert!(!batch("cancelling").is_of("k") && !batch("cancelled").is_of("k"));
        assert!(!view(json!({"metadata": null})).is_of("k"));
    }
}
