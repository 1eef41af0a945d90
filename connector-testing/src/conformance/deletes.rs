//! Rules about deletes: they work whatever the job's state, and however often.

use super::stand::Stand;
use super::violation::Judged;
use crate::executor::wire::{Stored, told};

const SUCCEED: &str = "let delete succeed for a job that is finished, cancelled or unknown, and \
    return `ConnectorError::not_found` when the vendor says that there is none";

async fn delete(stand: &Stand<'_>, job: &Stored, which: &str) -> Result<(), Judged> {
    stand
        .delete(job)
        .await
        .map_err(|status| Judged::broken(format!("{which} answered {}", told(&status)), SUCCEED))
}

pub(super) async fn a_job_can_be_deleted_before_any_poll(
    stand: &mut Stand<'_>,
) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    delete(stand, &job, "the delete right after create").await?;
    let live = stand.live_jobs().await;
    if live > 0 {
        return Err(Judged::broken(
            format!("{live} job lives on after its delete"),
            "cancel the job at the vendor, also when it has not started yet",
        ));
    }
    Ok(())
}

pub(super) async fn a_delete_can_be_repeated(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    delete(stand, &job, "the first delete").await?;
    delete(stand, &job, "the second delete").await?;
    // Removal may come after a restart of the server.
    stand.replace_server().await?;
    delete(stand, &job, "the delete after a restart").await
}

pub(super) async fn a_finished_job_can_be_deleted(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    stand.poll_to_the_end(&job).await?;
    delete(stand, &job, "the delete of a finished job").await
}

pub(super) async fn a_deleted_job_is_still_answered(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    delete(stand, &job, "the delete").await?;
    match stand.get(&job).await {
        Ok(_whatever) => Ok(()),
        Err(status) => Err(Judged::broken(
            format!("the poll after the delete answered {}", told(&status)),
            "answer FAILED for a job that was cancelled, or `ConnectorError::not_found`",
        )),
    }
}
