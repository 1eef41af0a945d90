//! A run's output as log lines: what its tasks printed, the end of it, and what they left as a result.
//! Databricks keeps an output per task, so a page of the log is one task's, or a part of it.

use connector_core::prelude::*;
use serde_json::Value;

use crate::report::plain;
use crate::run::Output;

/// Where a page begins: a task by its place, and a line of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) task: usize,
    line: usize,
}

impl Position {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is no such page.
    pub(crate) fn read(token: &str) -> Result<Self> {
        if token.is_empty() {
            return Ok(Self::default());
        }
        let read = token.split_once('.').and_then(|(task, line)| {
            Some(Self { task: task.parse().ok()?, line: line.parse().ok()? })
        });
        read.ok_or_else(|| no_page(token))
    }

    fn token(self) -> String {
        format!("{}.{}", self.task, self.line)
    }
}

pub(crate) fn no_page(token: &str) -> ConnectorError {
    ConnectorError::invalid_task(format!("there is no log page {token:?}"))
}

/// The page that begins there, of a run of `tasks` tasks.
pub(crate) fn page(output: &Output, at: Position, tasks: usize, most: Option<u64>) -> LogPage {
    let lines = lines(output);
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX).max(1);
    let until = at.line.saturating_add(most).min(lines.len());
    let next = if until < lines.len() {
        Some(Position { line: until, ..at })
    } else {
        Some(Position { task: at.task + 1, line: 0 }).filter(|next| next.task < tasks)
    };
    let shown = lines.into_iter().take(until).skip(at.line);
    LogPage::new(shown).next_token(next.map(Position::token))
}

fn lines(output: &Output) -> Vec<LogLine> {
    let text = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
    let user = |text: String| -> Vec<LogLine> {
        text.lines().map(|line| LogLine::user(None, line)).collect()
    };
    let system = |text: String| -> Vec<LogLine> {
        text.lines().map(|line| LogLine::system(None, line)).collect()
    };
    let mut lines = Vec::new();
    if output.logs_truncated == Some(true) {
        lines.extend(system("Databricks has cut what stands before this line.".to_owned()));
    }
    lines.extend(user(text(&output.logs)));
    if let Some(notebook) = &output.notebook_output {
        lines.extend(user(text(&notebook.result)));
    }
    for result in [&output.sql_output, &output.dbt_output].into_iter().flatten() {
        lines.extend(user(result.to_string()).into_iter().filter(|_| *result != Value::Null));
    }
    lines.extend(system(text(&output.info)));
    lines.extend(system(text(&output.error)));
    lines.extend(system(text(&output.error_trace)));
    lines
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use serde_json::json;

    use super::{Position, page};
    use crate::run::Output;

    #[test]
    fn pages_go_through_lines_and_tasks() {
        let output: Output = serde_json::from_value(json!({
            "logs": "one\ntwo\nthree\n", "logs_truncated": true, "error": "E", "error_trace": "T1\nT2",
            "notebook_output": {"result": "42"},
        }))
        .unwrap();
        let (mut at, mut seen) = (Position::default(), Vec::new());
        let mut tokens = Vec::new();
        loop {
            let LogPage { lines, next_token, .. } = page(&output, at, 2, Some(3));
            assert!(lines.len() <= 3);
            seen.extend(lines.into_iter().map(|line| line.message));
            let Some(token) = next_token else { break };
            at = Position::read(&token).unwrap();
            tokens.push(token);
        }
        assert_eq!(tokens, ["0.3", "0.6", "1.0", "1.3", "1.6"]);
        let task = [
            "Databricks has cut what stands before this line.",
            "one",
            "two",
            "three",
            "42",
            "E",
            "T1",
            "T2",
        ];
        assert_eq!(seen, [task, task].concat());
    }

    #[test]
    fn an_unknown_page_is_refused() {
        for token in ["x", "1", "1.", "-1.0", "1.0.0", "99999999999999999999.0"] {
            assert_eq!(
                Position::read(token).unwrap_err().kind(),
                ErrorKind::InvalidTask,
                "{token}"
            );
        }
    }
}
