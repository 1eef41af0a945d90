//! Airflow keeps a log per try of a task, as events; a request for lines gets one of these logs, or a part of
//! it, in pages.

use std::time::SystemTime;

use connector_core::prelude::*;
use serde_json::Value;

use crate::states::{TaskInstance, time};

/// So many lines make a page.
const PAGE: usize = 1_000;

/// Where lines begin: a try of a task, and a line of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    task: String,
    part: i64,
    attempt: i64,
    line: usize,
}

impl Position {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is no such page.
    pub(crate) fn read(token: &str) -> Result<Option<Self>> {
        if token.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(token).map(Some).map_err(|_| no_page(token))
    }

    fn token(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn is_of(&self, task: &TaskInstance) -> bool {
        self.task == task.task_id && self.part == task.map_index
    }
}

fn no_page(token: &str) -> ConnectorError {
    ConnectorError::invalid_task(format!("there is no log page {token:?}"))
}

/// One log to read, from a line on, and what comes after it.
pub(crate) struct Reading<'a> {
    pub(crate) task: &'a TaskInstance,
    pub(crate) attempt: i64,
    line: usize,
    next: Option<Position>,
}

/// Which log is asked for, of the tasks of a run in order. `None` if nothing has written any yet.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: there is no such page.
pub(crate) fn choose<'a>(
    tasks: &'a [TaskInstance],
    at: Option<&Position>,
    token: &str,
) -> Result<Option<Reading<'a>>> {
    let begin = |task: &TaskInstance, attempt| Position {
        task: task.task_id.clone(),
        part: task.map_index,
        attempt,
        line: 0,
    };
    let written: Vec<&TaskInstance> = tasks.iter().filter(|task| task.has_run()).collect();
    let first = written.first().map(|task| begin(task, 1));
    let Some(at) = at.cloned().or(first) else { return Ok(None) };
    let found = written.iter().position(|task| at.is_of(task));
    let found = found.and_then(|place| Some((place, *written.get(place)?)));
    let (place, task) = found
        .filter(|(_, task)| (1..=task.try_number).contains(&at.attempt))
        .ok_or_else(|| no_page(token))?;
    let next = match at.attempt < task.try_number {
        true => Some(begin(task, at.attempt + 1)),
        false => written.get(place + 1).map(|next| begin(next, 1)),
    };
    Ok(Some(Reading { task, attempt: at.attempt, line: at.line, next }))
}

/// One event of a log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    timestamp: Option<String>,
    event: Value,
    level: Option<String>,
    logger: Option<String>,
    error_detail: Vec<Raised>,
}

/// An exception that a task raised.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Raised {
    exc_type: String,
    exc_value: String,
    frames: Vec<Frame>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Frame {
    filename: String,
    lineno: i64,
    name: String,
}

impl Entry {
    fn text(&self) -> String {
        match &self.event {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn is_error(&self) -> bool {
        matches!(self.level.as_deref(), Some("error" | "critical"))
    }

    /// Whether the process of the task is said to be gone, by the one that watches it. A task cannot write in
    /// its name: what a task prints has another logger.
    fn tells_of_the_end(&self) -> bool {
        self.logger.as_deref() == Some("task") && self.is_error() && self.event == "Task killed!"
    }

    fn lines(&self) -> Vec<LogLine> {
        let at = time(self.timestamp.as_deref());
        // What the code of a task prints or logs; Airflow writes as `task` and under names of its own.
        let is_users = self.logger.as_deref().is_some_and(|logger| {
            matches!(logger, "task.stdout" | "task.stderr")
                || !(logger == "task" || logger.starts_with("airflow."))
        });
        let line = |text: &str| match is_users {
            true => LogLine::user(at, text),
            false => LogLine::system(at, text),
        };
        let text = self.text();
        let mut lines: Vec<LogLine> = text.lines().map(line).collect();
        for raised in &self.error_detail {
            lines.extend(raised.lines().iter().map(|text| LogLine::user(at, text.as_str())));
        }
        lines
    }
}

impl Raised {
    /// As Python's last line of a traceback.
    fn summary(&self) -> String {
        match self.exc_value.is_empty() {
            true => self.exc_type.clone(),
            false => format!("{}: {}", self.exc_type, self.exc_value),
        }
    }

    fn lines(&self) -> Vec<String> {
        let frame = |frame: &Frame| {
            format!("  File \"{}\", line {}, in {}", frame.filename, frame.lineno, frame.name)
        };
        let summary = self.summary();
        let frames = self.frames.iter().map(frame);
        frames.chain(summary.lines().map(str::to_owned)).collect()
    }
}

/// Whether the process that wrote this log was killed, as Airflow says.
pub(crate) fn tells_of_the_end(log: &[Entry]) -> bool {
    log.iter().rev().any(Entry::tells_of_the_end)
}

/// Whether the task that wrote this log has ended by itself, and nobody told it to.
pub(crate) fn tells_of_its_own_end(log: &[Entry]) -> bool {
    let says = |entry: &Entry, words: &str| {
        let is_watchers = entry.logger.as_deref() == Some("task") && entry.is_error();
        is_watchers && entry.event.as_str().is_some_and(|event| event.starts_with(words))
    };
    log.iter().any(|entry| says(entry, "Task failed with exception"))
        && !log.iter().any(|entry| says(entry, "Server indicated the task shouldn't be running"))
}

/// What was wrong at the end: the exception that the task raised, or the last error that was logged.
pub(crate) fn last_error(log: &[Entry]) -> Option<String> {
    let raised = |entry: &Entry| entry.error_detail.first().map(Raised::summary);
    let by_exception = log.iter().rev().find_map(raised);
    by_exception.or_else(|| log.iter().rev().find(|entry| entry.is_error()).map(Entry::text))
}

/// The pages of that log, up to so many lines in all.
pub(crate) fn pages(reading: &Reading<'_>, log: &[Entry], most: Option<u64>) -> Vec<LogPage> {
    let Reading { task, attempt, line, next } = reading;
    let head = format!("task `{}`, try {attempt}", task.name());
    let lines = std::iter::once(LogLine::system(None::<SystemTime>, head));
    let lines: Vec<LogLine> = lines.chain(log.iter().flat_map(Entry::lines)).collect();
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX).max(1);
    let until = line.saturating_add(most).min(lines.len());
    let here = |line| Position {
        task: task.task_id.clone(),
        part: task.map_index,
        attempt: *attempt,
        line,
    };
    let mut pages = Vec::new();
    let mut from = (*line).min(until);
    loop {
        let to = (from + PAGE).min(until);
        let token = if to < lines.len() { Some(here(to)) } else { next.clone() };
        let shown = lines.get(from..to).unwrap_or_default().iter().cloned();
        pages.push(LogPage::new(shown).next_token(token.map(|next| next.token())));
        if to >= until {
            return pages;
        }
        from = to;
    }
}

#[cfg(test)]
mod tests;
