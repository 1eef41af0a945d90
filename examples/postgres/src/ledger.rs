//! The table of jobs in PostgreSQL, and every statement about it.
//! `lib` claims, runs, looks and cancels through here. States are PostgreSQL's: nothing is remembered.

use std::collections::HashMap;

use connector_core::{ConnectorError, ErrorKind, Phase, Resource, Result};
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Transaction};

use crate::Done;
use crate::parameters::Bound;
use crate::session::{ending, failed};

/// Makes the table where it is missing. Two that come at once wait for each other.
const PREPARE: &str = "
DO $$ BEGIN
  IF to_regclass('flyte_statements') IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('flyte_statements'));
    CREATE TABLE IF NOT EXISTS flyte_statements (
      id text PRIMARY KEY,
      run text NOT NULL,
      statement text NOT NULL,
      state text NOT NULL DEFAULT 'running'
        CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled', 'lost')),
      -- The session that carries it out: together they are never the same again.
      pid integer NOT NULL,
      since timestamptz NOT NULL,
      claimed timestamptz NOT NULL DEFAULT now(),
      ended timestamptz,
      result text NOT NULL DEFAULT '',
      row_count bigint NOT NULL DEFAULT 0,
      sqlstate text NOT NULL DEFAULT '',
      message text NOT NULL DEFAULT ''
    );
  END IF;
END $$";

/// A job whose statement was cancelled or lost has left nothing behind, so whoever comes again may
/// have it. One that runs or has ended stays as it is.
const CLAIM: &str = "
INSERT INTO flyte_statements AS known (id, run, statement, pid, since)
SELECT $1, $2, $3, pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
ON CONFLICT (id) DO UPDATE
SET state = 'running', pid = excluded.pid, since = excluded.since, claimed = now(), ended = NULL
WHERE known.state IN ('cancelled', 'lost') OR known.state = 'running' AND NOT EXISTS
  (SELECT FROM pg_stat_activity WHERE pid = known.pid AND backend_start = known.since)";

/// What the session is to carry out. It is kept in the session only: inputs may be nobody's business.
const ARM: &str = "
SELECT set_config('flyte.job', $1, false), set_config('flyte.result', $2, false),
  set_config('flyte.statement', $3, false),
  set_config('flyte.inputs', jsonb_object($4, $5)::text, false)";

/// The statement and its end in one transaction, and in one message: PostgreSQL needs nobody to wait
/// for it. No lock is held on the row before the end, so that a cancel need not wait either.
pub(crate) const RUN: &str = "
DO $$
DECLARE
  job text := current_setting('flyte.job');
  session_start timestamptz :=
    (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid());
  touched bigint; code text; said text; detail text; hint text;
BEGIN
  EXECUTE current_setting('flyte.statement') USING current_setting('flyte.inputs')::jsonb;
  GET DIAGNOSTICS touched = ROW_COUNT;
  SET CONSTRAINTS ALL IMMEDIATE;
  UPDATE flyte_statements
  SET state = 'succeeded', row_count = touched, result = current_setting('flyte.result'),
    ended = clock_timestamp()
  WHERE id = job AND state = 'running' AND pid = pg_backend_pid() AND since = session_start;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the job was cancelled';
  END IF;
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  -- What the statement did is undone here.
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = MESSAGE_TEXT,
    detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  UPDATE flyte_statements
  SET state = 'failed', sqlstate = code, ended = clock_timestamp(),
    message = concat_ws('; ', said, nullif(detail, ''), nullif(hint, ''))
  WHERE id = job AND state = 'running' AND pid = pg_backend_pid() AND since = session_start;
END $$";

/// What runs without its session is lost. Where that is not so, because it ended a moment ago, the
/// row has changed and is not marked.
const LOOK: &str = "
WITH lost AS (
  UPDATE flyte_statements AS job SET state = 'lost', ended = now()
  WHERE id = ANY ($1) AND state = 'running' AND NOT EXISTS
    (SELECT FROM pg_stat_activity WHERE pid = job.pid AND backend_start = job.since)
  RETURNING id
)
SELECT id, CASE WHEN id IN (SELECT id FROM lost) THEN 'lost' ELSE state END,
  sqlstate, message, result, row_count
FROM flyte_statements WHERE id = ANY ($1)";

/// The row first: a statement that ends now finds that it is no longer its own. The session may not
/// even have begun, so it is ended, not just interrupted.
const CANCEL: &str = "
WITH cancelled AS (
  UPDATE flyte_statements SET state = 'cancelled', ended = now()
  WHERE id = $1 AND state = 'running' RETURNING pid, since
)
SELECT pg_terminate_backend(activity.pid) FROM cancelled
JOIN pg_stat_activity AS activity
  ON activity.pid = cancelled.pid AND activity.backend_start = cancelled.since";

/// A job as PostgreSQL knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    state: String,
    sqlstate: String,
    message: String,
    result: String,
    rows: i64,
}

/// A statement that PostgreSQL has taken, and the table that its result becomes, if it has one.
pub(crate) struct Plan {
    sql: String,
    table: String,
}

pub(crate) async fn prepare(session: &Client) -> Result<()> {
    session.batch_execute(PREPARE).await.map_err(failed("cannot make the table of jobs"))
}

/// Lets PostgreSQL read the statement without carrying it out.
///
/// # Errors
/// [`ErrorKind::InvalidTask`] with what PostgreSQL says, and where in the text.
pub(crate) async fn plan(session: &Client, job: &str, bound: &Bound) -> Result<Plan> {
    let read = session.prepare_typed(&bound.sql, &[Type::JSONB]).await;
    let statement = read.map_err(|error| refused(error, bound))?;
    if statement.params().len() > 1 {
        let text = "the statement has no parameter `$2`; inputs are `:name`";
        return Err(ConnectorError::invalid_task(text));
    }
    let has_result = statement.columns().iter().any(|column| *column.type_() != Type::VOID);
    let query = format!("CREATE TABLE {job} AS {}", bound.sql);
    // The result of an `INSERT … RETURNING` cannot become a table.
    if has_result && session.prepare_typed(&query, &[Type::JSONB]).await.is_ok() {
        return Ok(Plan { sql: query, table: job.to_owned() });
    }
    Ok(Plan { sql: bound.sql.clone(), table: String::new() })
}

fn refused(error: Error, bound: &Bound) -> ConnectorError {
    let Some(said) = error.as_db_error() else {
        return failed("cannot have the statement read")(error);
    };
    let code = said.code().code();
    if ending(code) == ErrorKind::Retryable {
        return failed("cannot have the statement read")(error);
    }
    let place = match said.position() {
        Some(ErrorPosition::Original(position)) => bound.place(*position),
        Some(ErrorPosition::Internal { .. }) | None => String::new(),
    };
    let hint = said.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    let text = format!(
        "PostgreSQL refuses the statement{place}: {}{hint} (SQLSTATE {code})",
        said.message()
    );
    ConnectorError::invalid_task(text).with_source(error)
}

/// Whether the job is now this session's to carry out.
pub(crate) async fn claim(
    session: &Transaction<'_>,
    job: &str,
    run: &str,
    statement: &str,
) -> Result<bool> {
    let claimed = session.execute(CLAIM, &[&job, &run, &statement]).await;
    Ok(claimed.map_err(failed("cannot claim the job"))? > 0)
}

pub(crate) async fn arm(
    session: &Transaction<'_>,
    job: &str,
    plan: &Plan,
    bound: &Bound,
) -> Result<()> {
    let Bound { names, values, .. } = bound;
    let armed = session.execute(ARM, &[&job, &plan.table, &plan.sql, names, values]).await;
    armed.map(drop).map_err(failed("cannot hand over the statement"))
}

pub(crate) async fn look(session: &Client, jobs: &[&str]) -> Result<HashMap<String, Entry>> {
    let rows = session.query_typed(LOOK, &[(&jobs, Type::TEXT_ARRAY)]).await;
    let read = |row: &tokio_postgres::Row| {
        let entry = Entry {
            state: row.try_get(1)?,
            sqlstate: row.try_get(2)?,
            message: row.try_get(3)?,
            result: row.try_get(4)?,
            rows: row.try_get(5)?,
        };
        Ok((row.try_get(0)?, entry))
    };
    let entries = rows.and_then(|rows| rows.iter().map(read).collect());
    entries.map_err(failed("cannot look at the job"))
}

/// Cancels a job that runs. Any other is as it should be.
pub(crate) async fn cancel(session: &Client, job: &str) -> Result<()> {
    let cancelled = session.query_typed(CANCEL, &[(&job, Type::TEXT)]).await;
    cancelled.map(drop).map_err(failed("cannot cancel the job"))
}

/// What Flyte is told about a job.
pub(crate) fn resource(job: &str, entry: Option<&Entry>) -> Result<Resource<Done>> {
    let Some(Entry { state, sqlstate, message, result, rows }) = entry else {
        return Err(ConnectorError::not_found(format!("PostgreSQL knows no job {job}")));
    };
    let why = || format!("{message} (SQLSTATE {sqlstate})");
    Ok(match state.as_str() {
        "running" => Resource::running(),
        "succeeded" => Resource::succeeded(Done { table: result.clone(), rows: *rows }),
        "failed" if ending(sqlstate) == ErrorKind::Retryable => Resource::retryable_failure(why()),
        "failed" => Resource::failed(why()),
        "cancelled" => Resource::new(Phase::Aborted).message("the statement was cancelled"),
        "lost" => Resource::retryable_failure(
            "its session ended before the statement did, and nothing of it is left",
        ),
        other => return Err(ConnectorError::permanent(format!("the job is {other:?}"))),
    })
}
