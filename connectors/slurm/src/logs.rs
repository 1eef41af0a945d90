//! The end of a job's two streams as log lines. Over SSH there is no place to go on reading from, so a page
//! is a part of what stands there at the time of asking.

use connector_core::prelude::*;

/// How many of the last lines of each stream are shown.
pub(crate) const LAST_LINES: u64 = 500;

/// The ends of a job's two files, with where they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streams<'a> {
    pub(crate) job_id: &'a str,
    pub(crate) stdout: (&'a str, &'a str),
    pub(crate) stderr: (&'a str, &'a str),
}

/// The lines of both streams, stdout first, each under its name.
pub(crate) fn lines(of: Streams<'_>) -> Vec<LogLine> {
    let mut lines = Vec::new();
    for (name, (path, text)) in [("stdout", of.stdout), ("stderr", of.stderr)] {
        if text.trim().is_empty() {
            continue;
        }
        lines.push(LogLine::system(None, format!("--- {name}: {path} ---")));
        lines.extend(text.lines().map(|line| LogLine::user(None, line)));
    }
    if lines.is_empty() {
        lines.push(LogLine::system(
            None,
            format!(
                "No output yet from Slurm job {}. Slurm creates {} when the job starts writing.",
                of.job_id, of.stdout.0
            ),
        ));
    }
    lines
}

/// The page that begins at that token, with at most that many lines.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: there is no such page.
pub(crate) fn page(lines: Vec<LogLine>, query: &LogQuery) -> Result<LogPage> {
    let from = match query.token.as_str() {
        "" => 0,
        token => token
            .parse::<usize>()
            .map_err(|_| ConnectorError::invalid_task(format!("there is no log page {token:?}")))?,
    };
    let most = query.lines.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX).max(1);
    let until = from.saturating_add(most);
    let next = (until < lines.len()).then(|| until.to_string());
    Ok(LogPage::new(lines.into_iter().skip(from).take(most)).next_token(next))
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{Streams, lines, page};

    fn shown(stdout: &str, stderr: &str) -> Vec<LogLine> {
        lines(Streams { job_id: "7", stdout: ("/o", stdout), stderr: ("/e", stderr) })
    }

    #[test]
    fn both_streams_are_shown_by_name() {
        let text =
            |lines: Vec<LogLine>| lines.into_iter().map(|line| line.message).collect::<Vec<_>>();
        assert_eq!(
            text(shown("a\nb\n", "c\n")),
            ["--- stdout: /o ---", "a", "b", "--- stderr: /e ---", "c"]
        );
        assert_eq!(text(shown("", "c")), ["--- stderr: /e ---", "c"]);
        assert!(text(shown(" ", ""))[0].starts_with("No output yet from Slurm job 7."));
    }

    #[test]
    fn pages_go_through_all_lines() {
        let (mut seen, mut query) = (Vec::new(), LogQuery::new().lines(2));
        loop {
            let part = page(shown("a\nb\n", "c\n"), &query).unwrap();
            seen.extend(part.lines.into_iter().map(|line| line.message));
            let Some(token) = part.next_token else { break };
            query = query.token(token);
        }
        assert_eq!(seen.len(), 5);
        assert_eq!(
            page(Vec::new(), &LogQuery::new().token("x")).unwrap_err().kind(),
            ErrorKind::InvalidTask
        );
    }
}
