//! Whose a job is, and what is carried out for it.
//! Every state of a row is PostgreSQL's: nothing is remembered here.

use std::time::Duration;

use connector_core::{ConnectorError, ErrorKind, Result};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Transaction};

use crate::attempt::Attempt;
use crate::plan::Plan;
use crate::sqlstate::failed;

/// A job whose statement was cancelled or lost has left nothing behind, so whoever comes again may
/// have it, and so may one that waits for its turn; who has waited takes nothing but that. One that runs
/// or has ended stays as it is.
const CLAIM: &str = "
INSERT INTO flyte_statements AS known (id, run, statement, pid, since)
SELECT $1, $2, $3, pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
ON CONFLICT (id) DO UPDATE
SET state = 'running', pid = excluded.pid, since = excluded.since, claimed = now(), ended = NULL
WHERE known.state = 'waiting' OR NOT $4::boolean AND (
  known.state IN ('cancelled', 'lost') OR known.state = 'running' AND NOT EXISTS
  (SELECT FROM pg_stat_activity WHERE pid = known.pid AND backend_start = known.since))
RETURNING pid";

/// The same for one that has to wait: no session yet, and the last moment at which somebody waited.
const LINE_UP: &str = "
INSERT INTO flyte_statements AS known (id, run, statement, state, pid, since)
VALUES ($1, $2, $3, 'waiting', 0, now())
ON CONFLICT (id) DO UPDATE
SET state = 'waiting', pid = 0, since = now(), claimed = now(), ended = NULL
WHERE known.state IN ('cancelled', 'lost') OR known.state = 'running' AND NOT EXISTS
  (SELECT FROM pg_stat_activity WHERE pid = known.pid AND backend_start = known.since)";

const STILL_WAITS: &str =
    "UPDATE flyte_statements SET since = now() WHERE id = $1 AND state = 'waiting'";

const GIVE_UP: &str = "
UPDATE flyte_statements SET state = 'failed', sqlstate = $2, message = $3, ended = now()
WHERE id = $1 AND state = 'waiting'";

/// What the session is to carry out, and for how long. It is kept in the session only: inputs may be
/// nobody's business. A PostgreSQL that looks after its clients (14 and later) must not end the statement
/// because we are gone.
const ARM: &str = "
SELECT set_config('flyte.job', $1, false), set_config('flyte.result', $2, false),
  set_config('flyte.statement', $3, false),
  set_config('flyte.inputs', jsonb_object($4, $5)::text, false),
  (SELECT set_config(name, '0', false) FROM pg_settings
   WHERE name = 'client_connection_check_interval'),
  (SELECT set_config('statement_timeout', $6, false) WHERE $6 <> ''),
  (SELECT set_config('lock_timeout', $7, false) WHERE $7 <> '')";

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

/// Makes the job this session's to carry out, and answers the session; `None` if it is somebody else's.
pub(crate) async fn claim(
    session: &Transaction<'_>,
    attempt: &Attempt,
    has_waited: bool,
) -> Result<Option<i32>> {
    let Attempt { job, run, bound, .. } = attempt;
    let claimed = session.query_opt(CLAIM, &[job, run, &bound.statement, &has_waited]).await;
    let pid = claimed.and_then(|row| row.map(|row| row.try_get(0)).transpose());
    pid.map_err(failed("cannot claim the job"))
}

/// Whether somebody has to wait for this job's turn now, which nobody did before.
pub(crate) async fn line_up(session: &Client, attempt: &Attempt) -> Result<bool> {
    let Attempt { job, run, bound, .. } = attempt;
    let values: [(&(dyn ToSql + Sync), Type); 3] =
        [(job, Type::TEXT), (run, Type::TEXT), (&bound.statement, Type::TEXT)];
    let lined_up = session.execute_typed(LINE_UP, &values).await;
    Ok(lined_up.map_err(failed("cannot put the job in line"))? > 0)
}

/// Whether the job waits still; says that somebody waits for it.
pub(crate) async fn still_waits(session: &Client, job: &str) -> Result<bool> {
    let waits = session.execute_typed(STILL_WAITS, &[(&job, Type::TEXT)]).await;
    Ok(waits.map_err(failed("cannot keep the job in line"))? > 0)
}

/// Ends a job that waits and cannot have its turn, for that reason.
pub(crate) async fn give_up(session: &Client, job: &str, why: &ConnectorError) -> Result<()> {
    let sqlstate = match why.kind() {
        // A connection that did not come about, and a statement that is none.
        ErrorKind::Transient { .. } | ErrorKind::Retryable => "08001",
        _ => "42000",
    };
    let message = why.message();
    let values: [(&(dyn ToSql + Sync), Type); 3] =
        [(&job, Type::TEXT), (&sqlstate, Type::TEXT), (&message, Type::TEXT)];
    let given_up = session.execute_typed(GIVE_UP, &values).await;
    given_up.map(drop).map_err(failed("cannot end the job"))
}

pub(crate) async fn arm(session: &Transaction<'_>, attempt: &Attempt, plan: &Plan) -> Result<()> {
    let Attempt { job, bound, .. } = attempt;
    let milliseconds = |limit: Option<Duration>| match limit {
        Some(limit) => limit.as_millis().clamp(1, MOST_MILLISECONDS).to_string(),
        None => String::new(),
    };
    let (statement, lock) =
        (milliseconds(attempt.statement_limit), milliseconds(attempt.lock_limit));
    let armed = session
        .execute(
            ARM,
            &[job, &plan.table, &plan.sql, &bound.names, &bound.values, &statement, &lock],
        )
        .await;
    armed.map(drop).map_err(failed("cannot hand over the statement"))
}

/// The longest that PostgreSQL can count to: 24 days.
const MOST_MILLISECONDS: u128 = i32::MAX as u128;
