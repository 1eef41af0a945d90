//! The log of a statement: who carries it out, what PostgreSQL remarked meanwhile, and how it ended.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;

use crate::ledger::{Entry, Remark};

/// The page that is asked for.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: there is no such page.
pub(crate) fn page(entry: &Entry, remarks: &[Remark], query: &LogQuery) -> Result<LogPage> {
    let from = match query.token.as_str() {
        "" => 0,
        token => token
            .parse::<usize>()
            .map_err(|_| ConnectorError::invalid_task(format!("there is no log page {token:?}")))?,
    };
    let lines = lines(entry, remarks);
    let most = query.lines.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let end = from.saturating_add(most.max(1));
    let next = (end < lines.len()).then(|| end.to_string());
    Ok(LogPage::new(lines.into_iter().take(end).skip(from)).next_token(next))
}

fn lines(entry: &Entry, remarks: &[Remark]) -> Vec<LogLine> {
    let mut lines = Vec::with_capacity(remarks.len() + 2);
    let begun = match entry.state.as_str() {
        "waiting" => "waits for its turn".to_owned(),
        _ => format!("claimed at {} by the session {}", entry.started, entry.pid),
    };
    lines.push(LogLine::system(None, begun));
    lines.extend(remarks.iter().map(|remark| {
        let at = Duration::try_from_secs_f64(remark.at).ok();
        let at: Option<SystemTime> = at.and_then(|at| UNIX_EPOCH.checked_add(at));
        LogLine::user(at, format!("{}: {}", remark.severity, remark.message))
    }));
    let Entry { seconds, rows, result, message, sqlstate, .. } = entry;
    let ended = match (entry.state.as_str(), result.as_str()) {
        ("running" | "waiting", _) => return lines,
        ("succeeded", "") => format!("succeeded after {seconds:.3} s, rows: {rows}"),
        ("succeeded", table) => {
            format!("succeeded after {seconds:.3} s, rows: {rows}, table: {table}")
        }
        ("failed", _) => format!("failed after {seconds:.3} s: {message} (SQLSTATE {sqlstate})"),
        (state, _) => format!("{state} after {seconds:.3} s"),
    };
    lines.push(LogLine::system(None, ended));
    lines
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::page;
    use crate::ledger::{Entry, Remark};

    #[test]
    fn pages_go_through_all_lines() {
        let remark = |message: &str| Remark {
            at: 1.5,
            severity: "NOTICE".to_owned(),
            message: message.to_owned(),
        };
        let entry = Entry {
            state: "failed".to_owned(),
            message: "no".to_owned(),
            sqlstate: "P0001".to_owned(),
            pid: 7,
            started: "T".to_owned(),
            ..Entry::default()
        };
        let (mut query, mut seen) = (LogQuery::new().lines(2), Vec::new());
        let remarks = [remark("a"), remark("b"), remark("c")];
        loop {
            let LogPage { lines, next_token, .. } = page(&entry, &remarks, &query).unwrap();
            assert!(lines.len() <= 2);
            seen.extend(lines.into_iter().map(|line| line.message));
            let Some(token) = next_token else { break };
            query = query.token(token);
        }
        assert_eq!(
            seen,
            [
                "claimed at T by the session 7",
                "NOTICE: a",
                "NOTICE: b",
                "NOTICE: c",
                "failed after 0.000 s: no (SQLSTATE P0001)"
            ]
        );
        assert!(page(&entry, &remarks, &LogQuery::new().token("x")).is_err());
    }
}
