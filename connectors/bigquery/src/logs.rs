//! What BigQuery tells of a job, as log lines: when it was created, began and ended, what went wrong, the
//! stages of its plan, and the jobs that a script has started.
//! `get_logs` asks for the job and hands it in; a page of children is a call of its own.

use std::time::SystemTime;

use connector_core::prelude::*;
use serde_json::Value;

use crate::api::{Job, Jobs, moment, whole};
use crate::report::told;

/// The most lines of a page.
const MOST: usize = 500;
/// What the token of a page of lines begins with; a number follows.
const LINES: &str = "line:";
/// What the token of a page of child jobs begins with; BigQuery's own token follows.
const CHILDREN: &str = "children:";

/// Which page is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Lines of the job itself.
    Job { from: usize, lines: usize },
    /// Jobs that the job has started.
    Children { token: String, lines: usize },
}

impl Page {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: the token is none of ours.
    pub(crate) fn read(query: &LogQuery) -> Result<Self> {
        let lines = query.lines.and_then(|lines| usize::try_from(lines).ok());
        let lines = lines.unwrap_or(MOST).clamp(1, MOST);
        let token = query.token.as_str();
        if let Some(token) = token.strip_prefix(CHILDREN) {
            return Ok(Self::Children { token: token.to_owned(), lines });
        }
        let from = match token {
            "" => Some(0),
            token => token.strip_prefix(LINES).and_then(|from| from.parse().ok()),
        };
        let from = from.ok_or_else(|| {
            ConnectorError::invalid_task(format!(
                "there is no log page {token:?}; pass the token of the page before, or none"
            ))
        })?;
        Ok(Self::Job { from, lines })
    }

    /// That page of the job's lines, and which one follows.
    pub(crate) fn of_job(&self, job: &Job) -> LogPage {
        let Self::Job { from, lines: most } = *self else { return LogPage::default() };
        let lines = lines(job);
        let end = from.saturating_add(most);
        let has_children = job.statistics.get("numChildJobs").and_then(whole).unwrap_or(0) > 0;
        let next = match end < lines.len() {
            true => Some(format!("{LINES}{end}")),
            false => has_children.then(|| CHILDREN.to_owned()),
        };
        LogPage::new(lines.into_iter().skip(from).take(most)).next_token(next)
    }
}

/// A page of child jobs: a line for each.
pub(crate) fn of_children(page: &Jobs) -> LogPage {
    let next = page.next_page_token.as_ref().filter(|token| !token.is_empty());
    let next = next.map(|token| format!("{CHILDREN}{token}"));
    LogPage::new(page.jobs.iter().map(child)).next_token(next)
}

/// Everything the job itself has to say, oldest first.
fn lines(job: &Job) -> Vec<LogLine> {
    let mut timed: Vec<(Option<SystemTime>, String)> = Vec::new();
    let mut note = |at: Option<SystemTime>, text: String| timed.push((at, text));
    if let Some(created) = job.moment("/creationTime") {
        let location = job.job_reference.location.as_deref().unwrap_or("an unknown location");
        note(Some(created), format!("created in {location}"));
    }
    if let Some(started) = job.moment("/startTime") {
        let slots = job.statistics.get("reservation_id").and_then(Value::as_str);
        let slots = slots.map(|name| format!(", on the slots of {name}")).unwrap_or_default();
        note(Some(started), format!("started{slots}"));
    }
    let stages = job.statistics.pointer("/query/queryPlan").and_then(Value::as_array);
    for stage in stages.into_iter().flatten() {
        let at = ["endMs", "startMs"].into_iter().find_map(|name| moment(stage.get(name)?));
        note(at, told_stage(stage));
    }
    let ended = job.moment("/endTime");
    let status = &job.status;
    let fatal = status.error_result.iter().map(|problem| ("error", problem));
    let passed = status.errors.iter().filter(|it| Some(*it) != status.error_result.as_ref());
    for (what, problem) in passed.map(|problem| ("warning", problem)).chain(fatal) {
        note(ended, format!("{what}: {}", told(problem)));
    }
    if let Some(ended) = ended {
        note(Some(ended), format!("ended{}", told_cost(&job.statistics)));
    }
    // What has no time stays behind what it followed.
    let mut last = None;
    for (at, _) in &mut timed {
        last = at.or(last);
        *at = last;
    }
    timed.sort_by_key(|(at, _)| *at);
    timed.into_iter().map(|(at, text)| LogLine::system(at, text)).collect()
}

/// A stage of the plan, as far as it is told.
fn told_stage(stage: &Value) -> String {
    let text = |name: &str| stage.get(name).and_then(Value::as_str).unwrap_or("?");
    let count = |name: &str| stage.get(name).and_then(whole);
    let mut told = format!("stage {}: {}", text("name"), text("status"));
    if let (Some(done), Some(all)) = (count("completedParallelInputs"), count("parallelInputs")) {
        told.push_str(&format!(", {done} of {all} inputs"));
    }
    for (name, what) in [
        ("recordsRead", "rows read"),
        ("recordsWritten", "rows written"),
        ("shuffleOutputBytesSpilled", "bytes spilled to disk"),
        ("slotMs", "slot ms"),
    ] {
        if let Some(count) = count(name).filter(|count| *count > 0) {
            told.push_str(&format!(", {what}: {count}"));
        }
    }
    told
}

fn told_cost(statistics: &Value) -> String {
    let query = |name: &str| statistics.pointer("/query")?.get(name);
    let mut told = String::new();
    for (name, what) in [("totalBytesBilled", "bytes billed"), ("totalSlotMs", "slot ms")] {
        if let Some(count) = query(name).and_then(whole) {
            told.push_str(&format!(", {what}: {count}"));
        }
    }
    if query("cacheHit").and_then(Value::as_bool) == Some(true) {
        told.push_str(", from the cache");
    }
    told
}

fn child(job: &Job) -> LogLine {
    let kind = job.statistics.pointer("/query/statementType").and_then(Value::as_str);
    let kind = kind.unwrap_or("statement");
    let (id, state) = (&job.job_reference.job_id, &job.status.state);
    let problem = job.status.error_result.as_ref().map(|problem| format!(": {}", told(problem)));
    let text = format!("child job {id}: {kind} {state}{}", problem.unwrap_or_default());
    LogLine::system(job.moment("/creationTime"), text)
}
