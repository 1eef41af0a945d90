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
    for task in &tasks {
        let is_left = task.is_active()
            || (was_ended(task, run) && !is_gone(api, place, task, call).await)
            || has_left_a_try(api, place, task, call).await?;
        if is_left {
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

/// Whether an earlier try of the task may be at work. A task whose scheduler died begins again, while the process of
/// the try before works on until its next heartbeat, and then for 5 seconds more (seen with 3.3.2: both at once for
/// ten seconds).
async fn has_left_a_try(
    api: &Api,
    place: Place<'_>,
    task: &TaskInstance,
    call: &CallContext,
) -> Result<bool> {
    // The try before ended, for Airflow, before this one began.
    if !task.has_earlier_tries() || is_long_ago(task.start_date.as_deref()) && task.try_number > 1 {
        return Ok(false);
    }
    let tries = api.earlier_tries(place, task, call).await?;
    for earlier in tries.iter().filter(|it| it.has_run() && it.end_date.is_some()) {
        if !is_long_ago(earlier.end_date.as_deref()) && !has_ended(api, place, earlier, call).await
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the log of an earlier try says how it ended.
async fn has_ended(
    api: &Api,
    place: Place<'_>,
    earlier: &TaskInstance,
    call: &CallContext,
) -> bool {
    let log = api.log(place, (earlier, earlier.try_number), call).await;
    log.is_ok_and(|log| logs::tells_of_the_end(&log) || logs::tells_of_its_own_end(&log))
}

fn is_long_ago(text: Option<&str>) -> bool {
    let since = time(text).and_then(|then| SystemTime::now().duration_since(then).ok());
    since.is_some_and(|since| since >= LETS_GO_WITHIN)
}

async fn is_gone(api: &Api, place: Place<'_>, task: &TaskInstance, call: &CallContext) -> bool {
    if is_long_ago(task.end_date.as_deref()) {
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
