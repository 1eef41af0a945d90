//! Rules about creates: once per attempt, whatever order, whoever leaves.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use connector_service::CreatedTwice;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::time::sleep;

use super::stand::Stand;
use super::violation::Judged;
use crate::executor::End;
use crate::executor::wire::told;
use crate::executor::{RepeatedCreate, Trouble};

/// How long the executor waits for a create.
const DEADLINE: Duration = Duration::from_secs(10);
/// Longer than a server keeps a job whose creator has left.
const LONG: Duration = Duration::from_secs(2 * 3600);
/// The most that metadata should have.
const SMALL: usize = 32 * 1024;

const USE_THE_KEY: &str = "pass `task.idempotency_key()` to the vendor as its request token or job \
    name, and answer the same metadata when the vendor says that the job exists";

const LOOK_FOR_THE_KEY: &str = "let `create` leave the whole `task.idempotency_key()` with the job, as its \
    name or as a tag, and let `find` look for just that";

pub(super) async fn a_task_runs_to_its_end(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let record = stand.executor.run(&stand.subject.task).await;
    let report = stand.executor.report();
    match record.end {
        End::Succeeded { .. } if report.is_clean() => Ok(()),
        End::Succeeded { .. } => Err(Judged::broken(report.to_string(), "mend what is reported")),
        end => Err(Judged::broken(
            format!("the task {end}"),
            "give the check a task that succeeds, with the settings, inputs and outputs it needs; \
             if its end comes with the wall clock, make it end at once: here time is paused",
        )),
    }
}

pub(super) async fn inputs_come_in_any_order(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let inputs = stand.subject.task.inputs.len();
    if inputs < 2 {
        return Err(Judged::lacking("the task has fewer than two inputs"));
    }
    for turn in 0..inputs {
        let run = stand.run();
        let mut request = stand.request(&run, 0);
        if let Some(inputs) = &mut request.inputs {
            inputs.literals.rotate_left(turn);
        }
        let order: Vec<String> = request
            .inputs
            .iter()
            .flat_map(|inputs| &inputs.literals)
            .map(|input| input.name.clone())
            .collect();
        let created = stand.try_create(request, DEADLINE).await.map_err(|status| told(&status));
        let ended = match created {
            Ok(meta) => {
                let answer = stand.poll_to_the_end(&stand.stored(&run, 0, meta)).await?;
                match super::stand::phase(&answer).as_str() {
                    "SUCCEEDED" => continue,
                    phase => {
                        let why = answer.resource.map(|found| found.message).unwrap_or_default();
                        format!("{phase}: {why}")
                    }
                }
            }
            Err(error) => error,
        };
        return Err(Judged::broken(
            format!("with the inputs in the order {order:?} the task ended {ended}"),
            "look inputs up by name, or let `#[derive(TaskInputs)]` do it",
        ));
    }
    Ok(())
}

pub(super) async fn a_repeated_create_is_one_job(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let pause = Duration::from_secs(15);
    repeated(stand, RepeatedCreate::AfterAnswer { pause }).await
}

pub(super) async fn concurrent_creates_are_one_job(stand: &mut Stand<'_>) -> Result<(), Judged> {
    stand.has_jobs()?;
    let run = stand.run();
    let replica = stand.replica().await?;
    let since = SystemTime::now();
    let here = (0..10).map(|_| stand.try_create(stand.request(&run, 0), DEADLINE).boxed_local());
    let there = (0..10)
        .map(|_| stand.try_create_at(&replica, stand.request(&run, 0), DEADLINE).boxed_local());
    let mut first = None;
    for answer in join_all(here.chain(there)).await {
        let meta = answer.map_err(|status| {
            Judged::broken(format!("one of 20 creates answered {}", told(&status)), USE_THE_KEY)
        })?;
        same_job(first.get_or_insert_with(|| meta.clone()), &meta, since)?;
    }
    one_job_per_attempt(stand, 1).await
}

async fn repeated(stand: &mut Stand<'_>, create: RepeatedCreate) -> Result<(), Judged> {
    let trouble = Trouble { repeated_create: Some(create), ..Trouble::default() };
    let record = stand.executor.run_with(&stand.subject.task, &trouble).await;
    if let Some(found) = stand.executor.report().duplicated.first() {
        return Err(Judged::broken(found.seen.clone(), USE_THE_KEY));
    }
    one_job_per_attempt(stand, record.attempts.len()).await
}

/// Whether two creates of one attempt named the same job.
fn same_job(first: &Bytes, second: &Bytes, since: SystemTime) -> Result<(), Judged> {
    if (CreatedTwice { first, second, since, until: SystemTime::now() }).is_one_job() {
        return Ok(());
    }
    let [first, second] = [first, second].map(|meta| String::from_utf8_lossy(meta));
    let seen = format!(
        "two servers that knew nothing of each other were asked for one attempt and named \
         different jobs: {first} and {second}"
    );
    Err(Judged::broken(seen, USE_THE_KEY))
}

/// Whether the vendor, if there is one, has made no more jobs than there were attempts. What the
/// connector told it does not count: a key that it forgot is what is looked for.
async fn one_job_per_attempt(stand: &Stand<'_>, attempts: usize) -> Result<(), Judged> {
    match stand.jobs_made().await {
        Some(made) if made > attempts => Err(Judged::broken(
            format!("the vendor has made {made} jobs for {attempts} attempt of the task"),
            USE_THE_KEY,
        )),
        _ => Ok(()),
    }
}

pub(super) async fn a_create_repeated_to_another_server_is_one_job(
    stand: &mut Stand<'_>,
) -> Result<(), Judged> {
    stand.has_jobs()?;
    let run = stand.run();
    let since = SystemTime::now();
    let first = stand.create(&run, 0).await?;
    stand.replace_server().await?;
    let second = stand.create(&run, 0).await?;
    same_job(&first.resource_meta, &second.resource_meta, since)?;
    one_job_per_attempt(stand, 1).await
}

pub(super) async fn a_job_is_found_by_its_key(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let run = stand.run();
    let since = SystemTime::now();
    if stand.find(&run, 0).await?.is_some() {
        return Err(Judged::broken("`find` answered a job before there was one", LOOK_FOR_THE_KEY));
    }
    let created = stand.create(&run, 0).await?.resource_meta;
    let found = stand.find(&run, 0).await?.ok_or_else(|| {
        Judged::broken("`find` did not answer the job that `create` had made", LOOK_FOR_THE_KEY)
    })?;
    same_job(&created, &found, since)?;
    match stand.find(&run, 1).await? {
        None => Ok(()),
        Some(_) => {
            Err(Judged::broken("`find` answered the job of another attempt", LOOK_FOR_THE_KEY))
        }
    }
}

pub(super) async fn a_new_attempt_is_a_new_job(stand: &mut Stand<'_>) -> Result<(), Judged> {
    stand.has_jobs()?;
    let run = stand.run();
    let first = stand.create(&run, 0).await?;
    stand.delete(&first).await.map_err(|status| {
        Judged::broken(
            format!("the delete of the first attempt answered {}", told(&status)),
            "let delete succeed for every job that is not running any more",
        )
    })?;
    let second = stand.create(&run, 1).await?;
    if first.resource_meta == second.resource_meta {
        return Err(Judged::broken(
            format!(
                "both attempts answered the metadata {}",
                String::from_utf8_lossy(&first.resource_meta)
            ),
            "let the job's name depend on the attempt: `task.idempotency_key()` does",
        ));
    }
    Ok(())
}

pub(super) async fn an_abandoned_create_leaves_no_job(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let slow = |by| stand.vendor().is_some_and(|vendor| vendor.slow(by));
    if !slow(DEADLINE + Duration::from_secs(5)) {
        return Err(Judged::lacking("it takes a vendor that can be slow (`Vendor::slow`)"));
    }
    let created = stand.try_create(stand.request(&stand.run(), 0), DEADLINE).await;
    if created.is_ok() {
        return Err(Judged::lacking("create does not wait for the vendor"));
    }
    sleep(DEADLINE).await;
    slow(Duration::ZERO);
    sleep(LONG).await;
    let live = stand.live_jobs().await;
    if live > 0 {
        return Err(Judged::broken(
            format!("{live} job lives on 2 hours after its create was given up"),
            "let `delete` really stop the job: the server calls it when nobody takes the job",
        ));
    }
    Ok(())
}

pub(super) async fn metadata_is_small(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let length = stand.create(&stand.run(), 0).await?.resource_meta.len();
    if length > SMALL {
        return Err(Judged::broken(
            format!("the metadata has {length} bytes; {SMALL} are plenty"),
            "keep what finds the job again, and leave the rest with the vendor",
        ));
    }
    Ok(())
}
