//! What PostgreSQL's answers mean: SQLSTATEs, and rows of the ledger.
//! `ledger` and `session` ask; no statement stands here.

use connector_core::prelude::*;

use crate::Done;
use crate::ledger::Entry;

/// What a statement that ended with that SQLSTATE asks for.
pub(crate) fn ending(sqlstate: &str) -> ErrorKind {
    match sqlstate {
        // There is no table of jobs, so there is no job.
        "42P01" => ErrorKind::NotFound,
        // The database was dropped.
        "57P04" => ErrorKind::Permanent,
        // Another session held a lock.
        "55P03" => ErrorKind::Retryable,
        _ => match sqlstate.get(..2) {
            Some("28") => ErrorKind::Unauthenticated,
            // The connection; a conflict of transactions; no room; a server that goes or comes; its disks.
            Some("08" | "40" | "53" | "58") => ErrorKind::Retryable,
            Some("57") if sqlstate.starts_with("57P") => ErrorKind::Retryable,
            _ => ErrorKind::Permanent,
        },
    }
}

/// What Flyte is told about a job.
pub(crate) fn resource(job: &str, entry: Option<&Entry>) -> Result<Resource<Done>> {
    let Some(entry) = entry else {
        return Err(ConnectorError::not_found(format!(
            "PostgreSQL knows no job {job}: its row in flyte_statements is gone"
        )));
    };
    let resource = match entry.state.as_str() {
        "waiting" => Resource::queued().message(
            "as many statements of this role run on the server as may (the operator's setting \
             `max_statements`)",
        ),
        "running" => Resource::running().message(with_notices(String::new(), entry)),
        "succeeded" => {
            let done = Done { table: entry.result.clone(), rows: entry.rows };
            Resource::succeeded(done).message(with_notices(what_was_done(entry), entry))
        }
        "failed" => failed(entry),
        "cancelled" if entry.lives => {
            Resource::running().message("the statement is being cancelled")
        }
        "cancelled" => Resource::new(Phase::Aborted).message("the statement was cancelled"),
        "lost" => Resource::retryable_failure(
            "the statement's session ended before the statement did (PostgreSQL went down, or somebody \
             ended the session), and nothing of it is left",
        ),
        other => return Err(ConnectorError::permanent(format!("the job is {other:?}"))),
    };
    let resource = resource.info("job", job).info("pid", entry.pid).info("started", &entry.started);
    Ok(match entry.state.as_str() {
        "succeeded" => resource.info("rows", entry.rows).info("seconds", entry.seconds),
        "failed" => resource.info("sqlstate", &entry.sqlstate).info("seconds", entry.seconds),
        _ => resource,
    })
}

fn failed(entry: &Entry) -> Resource<Done> {
    let Entry { message, sqlstate, .. } = entry;
    let why = with_notices(format!("{message} (SQLSTATE {sqlstate})"), entry);
    match ending(sqlstate) {
        ErrorKind::Retryable => Resource::retryable_failure(why),
        _ => Resource::failed(why),
    }
}

fn what_was_done(entry: &Entry) -> String {
    let rows = match entry.rows {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    };
    match entry.result.as_str() {
        "" => rows,
        table => format!("{rows} in the table {table}"),
    }
}

/// The last of what PostgreSQL remarked while the statement ran.
fn with_notices(text: String, entry: &Entry) -> String {
    match (text.as_str(), entry.notices.as_str()) {
        (_, "") => text,
        ("", notices) => notices.to_owned(),
        (_, notices) => format!("{text}\n{notices}"),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{ErrorKind, Phase};

    use super::{ending, resource};
    use crate::ledger::Entry;

    #[test]
    fn every_class_of_sqlstate_has_its_kind() {
        for (codes, kind) in [
            ("08006 08001 40001 40P01 53100 53300 55P03 57P01 57P02 57P03 58030", "retryable"),
            ("22012 23505 42601 57014 57P04 25006 XX000 P0001", "permanent"),
            ("28000 28P01", "unauthenticated"),
            ("42P01", "not_found"),
        ] {
            for code in codes.split(' ') {
                assert_eq!(ErrorKind::as_str(ending(code)), kind, "{code}");
            }
        }
    }

    #[test]
    fn every_state_of_a_row_has_its_phase() {
        let entry = |state: &str, sqlstate: &str, lives| Entry {
            state: state.to_owned(),
            sqlstate: sqlstate.to_owned(),
            lives,
            notices: "NOTICE: n".to_owned(),
            ..Entry::default()
        };
        let waits = "as many statements of this role run on the server as may (the operator's setting \
                     `max_statements`)";
        for (entry, phase, message) in [
            (entry("waiting", "", false), Phase::Queued, waits),
            (entry("running", "", true), Phase::Running, "NOTICE: n"),
            (entry("succeeded", "", false), Phase::Succeeded, "0 rows\nNOTICE: n"),
            (entry("failed", "22012", false), Phase::Failed, " (SQLSTATE 22012)\nNOTICE: n"),
            // Somebody else interrupted it, or its time was over.
            (entry("failed", "57014", false), Phase::Failed, " (SQLSTATE 57014)\nNOTICE: n"),
            (
                entry("failed", "40001", false),
                Phase::RetryableFailed,
                " (SQLSTATE 40001)\nNOTICE: n",
            ),
            (entry("cancelled", "", true), Phase::Running, "the statement is being cancelled"),
            (entry("cancelled", "", false), Phase::Aborted, "the statement was cancelled"),
        ] {
            let told = resource("j", Some(&entry)).unwrap();
            assert_eq!((told.phase, told.message.as_str()), (phase, message), "{entry:?}");
        }
        assert_eq!(resource("j", None).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(resource("j", Some(&entry("odd", "", false))).is_err());
    }
}
