//! What PostgreSQL's errors mean: for a statement that ended with one, and for a call that met one.

use std::error::Error as _;

use connector_core::prelude::*;
use tokio_postgres::Error;

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

/// Makes a typed error of what went wrong with a call.
pub(crate) fn failed(doing: &str) -> impl FnOnce(Error) -> ConnectorError + '_ {
    move |error| {
        let transient = ErrorKind::Transient { retry_after: None };
        let (kind, why) = match error.as_db_error() {
            Some(said) => {
                let code = said.code().code();
                let kind = match (ending(code), code) {
                    // Its time was over; the job is another matter.
                    (ErrorKind::Retryable, _) | (_, "57014") => transient,
                    (kind, _) => kind,
                };
                (kind, format!("{} (SQLSTATE {code})", said.message()))
            }
            // Without an answer of PostgreSQL it is the network, or a server that goes.
            None => {
                let causes = std::iter::successors(error.source(), |&cause| cause.source());
                let causes: String = causes.map(|cause| format!(": {cause}")).collect();
                (transient, format!("{error}{causes}"))
            }
        };
        ConnectorError::new(kind, format!("{doing}: {why}")).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use connector_core::ErrorKind;

    use super::ending;

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
}
