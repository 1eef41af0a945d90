//! What a run is to Flyte: phase, message, links, details. On a failure the message has what the run's
//! code said at its end, which Databricks tells apart from where it stands.

use std::collections::BTreeMap;
use std::time::SystemTime;

use connector_core::Outputs;
use connector_core::custom_info::InfoValue;
use connector_core::prelude::*;

use crate::api::id;
use crate::run::{Output, Run};
use crate::states::Standing;
use crate::workspace::Workspace;

/// The most of a trace that a message has, in bytes: its end, where the error is.
const MOST_TRACE: usize = 2_000;
/// The most of one line of Databricks'.
const MOST_LINE: usize = 1_000;
/// The most tasks of a run that a message tells of.
pub(crate) const MOST_TASKS: usize = 3;

/// The state of a run.
pub(crate) fn resource(
    run: &Run,
    standing: &Standing,
    workspace: &Workspace,
    run_id: &str,
) -> Resource {
    let mut resource: Resource = match standing {
        Standing::Known(phase, word) => {
            Resource::new(*phase).message(said(run).unwrap_or(word).to_owned())
        }
        // It says so, and is counted.
        Standing::Unknown(word) => StateTable::new(&[]).resource(word),
    };
    if resource.phase == Phase::Succeeded {
        resource.outputs = Outputs::WrittenByTask;
    }
    if let Standing::Known(Phase::Failed | Phase::RetryableFailed, word) = standing
        && !resource.message.contains(word.as_str())
    {
        resource.message = format!("{} ({word})", resource.message);
    }
    for (name, value) in details(run) {
        resource = resource.info(name, value);
    }
    // The official connector writes a missing id so, and does not say that the page is there.
    let job_id = run.job_id.as_ref().and_then(id).unwrap_or_else(|| "None".to_owned());
    let page = format!("https://{}/#job/{job_id}/run/{run_id}", workspace.host());
    resource = resource.log_link(TaskLog::new("Databricks Console", page).ready(false));
    match run.run_page_url.as_deref() {
        Some(page) if page.starts_with("https://") => {
            resource.log_link(TaskLog::new("Databricks Run", page))
        }
        _ => resource,
    }
}

/// What Databricks says in words, in whichever of its places.
fn said(run: &Run) -> Option<&str> {
    let state = run.state.as_ref().and_then(|state| state.state_message.as_deref());
    let status = run.status.as_ref();
    let ended = status.and_then(|it| it.termination_details.as_ref()?.message.as_deref());
    let waits = status.and_then(|it| it.queue_details.as_ref()?.message.as_deref());
    [state, ended, waits].into_iter().flatten().map(str::trim).find(|said| !said.is_empty())
}

fn details(run: &Run) -> Vec<(&'static str, InfoValue)> {
    let ids = [("job_id", &run.job_id), ("run_id", &run.run_id)];
    let ids = ids.into_iter().filter_map(|(name, value)| Some((name, id(value.as_ref()?)?.into())));
    let details = run.status.as_ref().and_then(|status| status.termination_details.as_ref());
    let ended = details.into_iter().flat_map(|details| {
        let named = [("termination_code", &details.code), ("termination_type", &details.fault)];
        named.into_iter().filter_map(|(name, text)| Some((name, text.clone()?.into())))
    });
    let durations = run.durations().map(|(name, seconds)| (name, seconds.into()));
    ids.chain(ended).chain(durations).collect()
}

/// Durations as metrics, one series a task; all of them, or those asked for.
pub(crate) fn metrics(run: &Run, at: SystemTime, queries: &[String]) -> Vec<Metric> {
    let mut metrics: BTreeMap<&str, Vec<Series>> = BTreeMap::new();
    for part in run.parts() {
        for (name, seconds) in part.durations() {
            let task = part.task_key.as_deref().unwrap_or_default();
            metrics.entry(name).or_default().push(Series::new([(at, seconds)]).label("task", task));
        }
    }
    let wanted = |name: &str| queries.is_empty() || queries.iter().any(|query| query == name);
    let wanted = metrics.into_iter().filter(|(name, _)| wanted(name));
    wanted.map(|(name, series)| Metric::range(name, series)).collect()
}

/// What the code of one task said at its end, as a part of the run's message.
pub(crate) fn last_words(task: &Run, output: &Result<Output>) -> String {
    let mut text = String::new();
    if let Some(key) = &task.task_key {
        text.push_str(&format!("\ntask `{}`", head(key, 100)));
        if let Some(said) = said(task) {
            text.push_str(&format!(": {}", head(said, MOST_LINE)));
        }
    }
    match output {
        Ok(output) => {
            if let Some(error) = output.error.as_deref().map(str::trim).filter(|it| !it.is_empty())
            {
                text.push_str(&format!("\n{}", head(&plain(error), MOST_LINE)));
            }
            if let Some(trace) = output.error_trace.as_deref() {
                text.push_str(&format!("\n{}", tail(plain(trace).trim(), MOST_TRACE)));
            }
        }
        Err(error) => text.push_str(&format!("\n(its output cannot be read: {error})")),
    }
    text
}

fn head(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{} …", text.get(..end).unwrap_or_default())
}

fn tail(text: &str, most: usize) -> String {
    let Some(from) = text.len().checked_sub(most).filter(|from| *from > 0) else {
        return text.to_owned();
    };
    let start = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("… {}", text.get(start..).unwrap_or_default())
}

/// A text without the colours that notebooks write into traces: `ESC [ … letter`.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = rest.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{head, last_words, plain, tail};
    use crate::run::{Output, Run};

    #[test]
    fn colours_are_no_words() {
        assert_eq!(plain("\u{1b}[0;31mNameError\u{1b}[0m: x"), "NameError: x");
        assert_eq!(plain("\u{1b}[é\u{1b}["), "é");
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!((head("éé", 3).as_str(), tail("éé", 3).as_str()), ("é …", "… é"));
        assert_eq!((head("ab", 2), tail("ab", 2)), ("ab".to_owned(), "ab".to_owned()));
    }

    #[test]
    fn the_last_words_of_a_task() {
        let task: Run = serde_json::from_value(json!({
            "task_key": "main", "state": {"state_message": "Workload failed, see run output"},
        }))
        .unwrap();
        let trace = format!(
            "Traceback\n{}\n\u{1b}[31mNameError\u{1b}[0m: x",
            "  at line 1\n".repeat(1_000)
        );
        let output: Output =
            serde_json::from_value(json!({"error": "NameError: x", "error_trace": trace})).unwrap();
        let words = last_words(&task, &Ok(output));
        assert!(
            words.starts_with("\ntask `main`: Workload failed, see run output\nNameError: x\n… "),
            "{words}"
        );
        assert!(words.ends_with("NameError: x") && words.len() < 2_200, "{words}");
    }
}
