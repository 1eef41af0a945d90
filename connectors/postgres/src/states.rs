//! What a row of the ledger means to Flyte.
//! `lib` asks; no statement stands here.

use connector_core::prelude::*;

use crate::Done;
use crate::ledger::Entry;
use crate::sqlstate::ending;

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

    use super::resource;
    use crate::ledger::Entry;

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
