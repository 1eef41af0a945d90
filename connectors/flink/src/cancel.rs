//! A cancel, asked for until it is true: of a job, or with a savepoint before it. Nothing is remembered between calls,
//! so that another server can go on with it: Flink knows the operation by the job's id.

use std::time::Duration;

use connector_core::prelude::*;
use tokio::time::{Instant, sleep};

use crate::MARGIN;
use crate::api::{Api, Place, Stop};
use crate::states::JOB;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long one delete waits for the end of a job, whose caller does not say how long it waits.
const LONGEST: Duration = Duration::from_secs(60);

/// Has the job end, with a savepoint in that folder if there is one, and waits for it.
///
/// # Errors
/// [`ErrorKind::Transient`]: it has not ended within the caller's time.
///
/// # Cancel safety
/// What Flink was told stays told; the next call goes on from there.
pub(crate) async fn until_ended(
    api: &Api,
    place: Place<'_>,
    folder: Option<&str>,
    call: &CallContext,
) -> Result<()> {
    let began = Instant::now();
    let patience = call.remaining().map_or(LONGEST, |left| left.saturating_sub(MARGIN));
    let mut is_told = false;
    loop {
        let state = api.state(place, call).await?;
        if JOB.phase(&state).is_some_and(Phase::is_terminal) {
            return Ok(());
        }
        if !is_told {
            is_told = match folder.filter(|_| state == "RUNNING") {
                Some(folder) => stop(api, place, folder, call).await?,
                None => api.cancel(place).await.map(|()| true)?,
            };
        }
        if began.elapsed() + LOOK_EVERY * 2 >= patience {
            let text = format!("the job is told to end, and is {state} still");
            return Err(ConnectorError::transient(text));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Has the job stop with a savepoint, or end without one if there can be none. Whether that is all there is to tell.
async fn stop(api: &Api, place: Place<'_>, folder: &str, call: &CallContext) -> Result<bool> {
    match api.stopped(place, call).await? {
        Stop::Unknown => api.stop(place, folder).await.map(|()| false),
        Stop::Goes | Stop::Saved => Ok(false),
        Stop::Failed(why) => {
            let job_id = place.job_id;
            tracing::warn!(
                job_id,
                "cancelled without its savepoint, which Flink could not make: {why}"
            );
            api.cancel(place).await.map(|()| true)
        }
    }
}
