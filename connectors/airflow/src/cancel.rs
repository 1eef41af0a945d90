//! A cancel that is done when the run has stopped, and not when Airflow says so: it calls a run and its tasks
//! failed at once, while their processes work on until the next heartbeat tells them, 5 seconds later, and then
//! for 5 more if they do not obey (seen with 3.3.2: 10 seconds).

use std::time::{Duration, SystemTime};

use connector_core::prelude::*;

use crate::api::{Api, Place};
use crate::logs;
use crate::states::{Run, TaskInstance, Why, time};

/// How long after its end a task counts as at work of which nobody says that it is gone: it was done at that
/// moment, its worker died, or its log cannot be read. A process is killed within 15 seconds.
const LETS_GO_WITHIN: Duration = Duration::from_secs(60);
/// Tasks that ended that long before the run did were not ended by its cancel.
const SAME_TIME: Duration = Duration::from_secs(5);
/// How often it is looked whether it has stopped.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long one call waits for that, whose caller does not say how long it waits.
const LONGEST: Duration = Duration::from_secs(60);
/// The caller gets its answer that long before it hangs up.
const MARGIN: Duration = Duration::from_secs(1);

/// Has Airflow stop the run, unless it is at its end.
///
/// # Errors
/// What Airflow's refusal means.
pub(crate) async fn stop(
    api: &Api,
    place: Place<'_>,
    (run, why): (&Run, Why),
    call: &CallContext,
) -> Result<()> {
    if run.is_final() {
        return Ok(());
    }
    api.cancel(place, &why.note(run.note.as_deref()), call).await
}

/// The tasks of a cancelled run that are not known to have stopped, by their names.
///
/// # Errors
/// What Airflow's refusal means.
pub(crate) async fn at_work(
    api: &Api,
    place: Place<'_>,
    run: &Run,
    call: &CallContext,
) -> Result<Vec<String>> {
    let tasks = api.tasks(place, call).await?;
    if tasks.iter().any(TaskInstance::is_active) {
        // The scheduler began with one while the others were cancelled.
        api.cancel(place, run.note.as_deref().unwrap_or_default(), call).await?;
    }
    let mut at_work = Vec::new();
    for task in tasks.iter().filter(|task| task.is_active() || was_ended(task, run)) {
        if task.is_active() || !is_gone(api, place, task, call).await {
            at_work.push(task.name());
        }
    }
    Ok(at_work)
}

/// Waits until nothing of a cancelled run is at work, for as long as the caller waits.
///
/// # Errors
/// [`ErrorKind::Transient`]: something is, still.
pub(crate) async fn settled(api: &Api, place: Place<'_>, call: &CallContext) -> Result<()> {
    let began = tokio::time::Instant::now();
    let patience = call.remaining().map_or(LONGEST, |left| left.saturating_sub(MARGIN));
    loop {
        let run = api.run(place, call).await?;
        // Somebody has made it go on.
        if run.cancelled().is_none() {
            return Ok(());
        }
        let at_work = at_work(api, place, &run, call).await?;
        if at_work.is_empty() {
            return Ok(());
        }
        if began.elapsed() + LOOK_EVERY >= patience {
            return Err(ConnectorError::transient(format!(
                "the run of `{}` is cancelled, and {} of its tasks may be at work still: {}",
                place.dag_id,
                at_work.len(),
                at_work.join(", ")
            )));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether the cancel of the run ended it: it was at work at that moment.
fn was_ended(task: &TaskInstance, run: &Run) -> bool {
    let ended = time(task.end_date.as_deref());
    let with_run = ended.zip(time(run.end_date.as_deref())).is_none_or(|(task, run)| {
        run.duration_since(task).is_ok_and(|before| before <= SAME_TIME) || task > run
    });
    task.has_failed() && task.has_run() && with_run
}

async fn is_gone(api: &Api, place: Place<'_>, task: &TaskInstance, call: &CallContext) -> bool {
    let ended = time(task.end_date.as_deref());
    let since = ended.and_then(|ended| SystemTime::now().duration_since(ended).ok());
    if since.is_some_and(|since| since >= LETS_GO_WITHIN) {
        return true;
    }
    match api.log(place, (task, task.try_number), call).await {
        Ok(log) => logs::tells_of_the_end(&log),
        Err(error) => {
            tracing::debug!(task = task.name(), "whether it has stopped is not known: {error}");
            false
        }
    }
}
