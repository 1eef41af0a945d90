//! Ends a job's statement, and stays until its session is gone.

use std::time::Duration;

use connector_core::{ConnectorError, Result};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use crate::sqlstate::failed;

/// The row first: a statement that ends now finds that it is no longer its own. Then the session, as long as
/// it is the one that the row names: it may not even have begun, or not hear of it, so it is asked again.
const STOP: &str = "
WITH cancelled AS (
  UPDATE flyte_statements SET state = 'cancelled', ended = now()
  WHERE id = $1 AND $2 AND state IN ('running', 'waiting') RETURNING pid, since
), whose AS (
  SELECT pid, since FROM cancelled UNION ALL
  SELECT pid, since FROM flyte_statements WHERE id = $1 AND state = 'cancelled'
)
SELECT CASE WHEN $3 THEN pg_terminate_backend(activity.pid)
  ELSE pg_cancel_backend(activity.pid) END
FROM whose JOIN pg_stat_activity AS activity
  ON activity.pid = whose.pid AND activity.backend_start = whose.since";

/// How long a statement may take to heed an interruption before its session is ended.
const GENTLY: Duration = Duration::from_millis(500);
/// How long a session may take to end: undoing what a statement did takes none, but a busy machine does.
const PATIENCE: Duration = Duration::from_secs(6);
/// Between two looks, doubled each time up to the second one.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];

/// Cancels a job that runs or waits. Any other is as it should be.
///
/// # Errors
/// [`connector_core::ErrorKind::Transient`]: nobody knows yet whether the session is gone. The job counts as
/// cancelled all the same, and whoever calls this again goes on with it.
///
/// # Cancel safety
/// As with that error.
pub(crate) async fn cancel(session: &Client, job: &str) -> Result<()> {
    stop(session, job, true).await
}

/// Ends what is left of a job that was cancelled already, if anything is.
///
/// # Errors
/// As [`cancel`].
pub(crate) async fn finish_cancel(session: &Client, job: &str) -> Result<()> {
    stop(session, job, false).await
}

async fn stop(session: &Client, job: &str, marks: bool) -> Result<()> {
    let begun = Instant::now();
    let [mut pause, longest] = LOOK_AGAIN;
    loop {
        let hard = begun.elapsed() > GENTLY;
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(&job, Type::TEXT), (&marks, Type::BOOL), (&hard, Type::BOOL)];
        let left = session.query_typed(STOP, &values).await;
        if left.map_err(failed("cannot cancel the job"))?.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(ConnectorError::transient(format!(
                "the session of the job {job} was told to end, and is there after {PATIENCE:?}"
            )));
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}
