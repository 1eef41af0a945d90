//! The tables of jobs in PostgreSQL, and every statement about them.
//! `errand` claims and runs, `lib` looks and cancels through here. States are PostgreSQL's: nothing is
//! remembered.

mod claim;
mod journal;
mod stop;

use std::collections::HashMap;

use connector_core::{ConnectorError, Result};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};

pub(crate) use self::claim::{RUN, arm, claim, give_up, line_up, still_waits};
pub(crate) use self::journal::{Remark, clean, note, read};
pub(crate) use self::stop::{cancel, finish_cancel};
use crate::sqlstate::failed;

/// Makes the tables where they are missing. Two that come at once wait for each other.
const PREPARE: &str = "
DO $$ BEGIN
  IF to_regclass('flyte_statement_notices') IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('flyte_statements'));
    CREATE TABLE IF NOT EXISTS flyte_statements (
      id text PRIMARY KEY,
      run text NOT NULL,
      statement text NOT NULL,
      state text NOT NULL DEFAULT 'running'
        CHECK (state IN ('waiting', 'running', 'succeeded', 'failed', 'cancelled', 'lost')),
      -- The session that carries it out: together they are never the same again. While it waits there is
      -- none, and `since` is when somebody was last seen to wait for its turn.
      pid integer NOT NULL,
      since timestamptz NOT NULL,
      claimed timestamptz NOT NULL DEFAULT now(),
      ended timestamptz,
      result text NOT NULL DEFAULT '',
      row_count bigint NOT NULL DEFAULT 0,
      sqlstate text NOT NULL DEFAULT '',
      message text NOT NULL DEFAULT ''
    );
    CREATE TABLE IF NOT EXISTS flyte_statement_notices (
      id text NOT NULL,
      since timestamptz NOT NULL,
      number bigint NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      severity text NOT NULL,
      message text NOT NULL,
      PRIMARY KEY (id, since, number)
    );
  END IF;
END $$";

/// What runs without its session is lost, and so is what waits with nobody to carry it out. Where that is
/// not so, because it ended a moment ago, the row has changed and is not marked.
const LOOK: &str = "
WITH lost AS (
  UPDATE flyte_statements AS job SET state = 'lost', ended = now()
  WHERE id = ANY ($1) AND (
    state = 'running' AND NOT EXISTS
      (SELECT FROM pg_stat_activity WHERE pid = job.pid AND backend_start = job.since)
    OR state = 'waiting' AND since < now() - interval '40 seconds')
  RETURNING id
)
SELECT id, CASE WHEN id IN (SELECT id FROM lost) THEN 'lost' ELSE state END,
  sqlstate, message, result, row_count, pid,
  to_char(claimed AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
  coalesce(extract(epoch FROM ended - claimed), 0)::double precision,
  state = 'cancelled' AND EXISTS
    (SELECT FROM pg_stat_activity WHERE pid = job.pid AND backend_start = job.since),
  coalesce((
    SELECT string_agg(severity || ': ' || message, chr(10) ORDER BY number)
    FROM (
      SELECT number, severity, message FROM flyte_statement_notices AS remark
      WHERE remark.id = job.id AND remark.since = job.since ORDER BY number DESC LIMIT 3
    ) AS last), '')
FROM flyte_statements AS job WHERE id = ANY ($1)";

/// A job as PostgreSQL knows it.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) state: String,
    pub(crate) sqlstate: String,
    pub(crate) message: String,
    /// The table of the result; empty if there is none.
    pub(crate) result: String,
    pub(crate) rows: i64,
    pub(crate) pid: i32,
    /// In UTC, to the second.
    pub(crate) started: String,
    pub(crate) seconds: f64,
    /// Whether a session is there still, though the job was cancelled.
    pub(crate) lives: bool,
    /// The last remarks, a line each.
    pub(crate) notices: String,
}

pub(crate) async fn prepare(session: &Client) -> Result<()> {
    session.batch_execute(PREPARE).await.map_err(|error| {
        let forbidden = error.code().is_some_and(|code| code.code() == "42501");
        let told = failed("cannot make the table of jobs")(error);
        if !forbidden {
            return told;
        }
        let message = format!(
            "{}. The role needs a schema to make tables in: `CREATE SCHEMA AUTHORIZATION` it one of its \
             own name, or `GRANT CREATE ON SCHEMA public` to it",
            told.message()
        );
        ConnectorError::new(told.kind(), message).with_source(told)
    })
}

/// The jobs of these that PostgreSQL knows.
pub(crate) async fn look(session: &Client, jobs: &[&str]) -> Result<HashMap<String, Entry>> {
    let rows = session.query_typed(LOOK, &[(&jobs, Type::TEXT_ARRAY)]).await;
    let entries = rows.and_then(|rows| rows.iter().map(entry).collect());
    entries.map_err(failed("cannot look at the job"))
}

fn entry(row: &Row) -> Result<(String, Entry), Error> {
    let entry = Entry {
        state: row.try_get(1)?,
        sqlstate: row.try_get(2)?,
        message: row.try_get(3)?,
        result: row.try_get(4)?,
        rows: row.try_get(5)?,
        pid: row.try_get(6)?,
        started: row.try_get(7)?,
        seconds: row.try_get(8)?,
        lives: row.try_get(9)?,
        notices: row.try_get(10)?,
    };
    Ok((row.try_get(0)?, entry))
}
