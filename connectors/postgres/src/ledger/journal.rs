//! What was remarked while statements ran, and how long any of it is kept.

use std::time::Duration;

use connector_core::Result;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::notices::Notice;
use crate::sqlstate::failed;

/// Under the session that the row names: of one that has lost the row nothing is written down.
const NOTE: &str = "
INSERT INTO flyte_statement_notices (id, since, number, severity, message)
SELECT known.id, known.since, $3 + new.number, new.severity, new.message
FROM flyte_statements AS known,
  unnest($4, $5) WITH ORDINALITY AS new (severity, message, number)
WHERE known.id = $1 AND known.pid = $2";

const READ: &str = "
SELECT extract(epoch FROM remark.at)::double precision, remark.severity, remark.message
FROM flyte_statement_notices AS remark
JOIN flyte_statements AS known ON known.id = remark.id AND known.since = remark.since
WHERE known.id = $1 ORDER BY number";

/// A row at a time is small; a thousand of them are done before anybody waits for it.
const CLEAN: &str = "
WITH old AS (
  SELECT id FROM flyte_statements AS known
  WHERE coalesce(ended, claimed) < now() - make_interval(secs => $1) AND state <> 'waiting'
    AND NOT EXISTS
      (SELECT FROM pg_stat_activity WHERE pid = known.pid AND backend_start = known.since)
  LIMIT 1000 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM flyte_statements WHERE id IN (SELECT id FROM old)
)
DELETE FROM flyte_statement_notices WHERE id IN (SELECT id FROM old)";

/// A remark as it was written down.
#[derive(Debug)]
pub(crate) struct Remark {
    /// Seconds since 1970.
    pub(crate) at: f64,
    pub(crate) severity: String,
    pub(crate) message: String,
}

/// Writes remarks of the session `pid` down, behind so many others of it.
pub(crate) async fn note(
    session: &Client,
    job: &str,
    pid: i32,
    behind: i64,
    notices: &[Notice],
) -> Result<()> {
    let severities: Vec<&str> = notices.iter().map(|it| it.severity.as_str()).collect();
    let messages: Vec<&str> = notices.iter().map(|it| it.message.as_str()).collect();
    let values: [(&(dyn ToSql + Sync), Type); 5] = [
        (&job, Type::TEXT),
        (&pid, Type::INT4),
        (&behind, Type::INT8),
        (&severities, Type::TEXT_ARRAY),
        (&messages, Type::TEXT_ARRAY),
    ];
    let noted = session.execute_typed(NOTE, &values).await;
    noted.map(drop).map_err(failed("cannot write down what PostgreSQL remarks"))
}

/// What was remarked while the statement ran, oldest first.
pub(crate) async fn read(session: &Client, job: &str) -> Result<Vec<Remark>> {
    let rows = session.query_typed(READ, &[(&job, Type::TEXT)]).await;
    let remark = |row: &Row| {
        Ok(Remark { at: row.try_get(0)?, severity: row.try_get(1)?, message: row.try_get(2)? })
    };
    let read = rows.and_then(|rows| rows.iter().map(remark).collect());
    read.map_err(failed("cannot read the log of the job"))
}

/// Removes rows of statements that ended longer ago than that. Their results stay: they are the user's.
pub(crate) async fn clean(session: &Client, keep: Duration) -> Result<()> {
    let keep = keep.as_secs_f64();
    let cleaned = session.execute_typed(CLEAN, &[(&keep, Type::FLOAT8)]).await;
    cleaned.map(drop).map_err(failed("cannot remove old rows of flyte_statements"))
}
