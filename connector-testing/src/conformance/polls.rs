//! Rules about polls: always an answer, and the right one.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::stand::{Stand, phase};
use super::violation::Judged;
use crate::executor::wire::told;

/// How many polls an outage lasts.
const OUTAGE: usize = 20;

const ANSWER: &str = "answer a phase, or a typed error: `ConnectorError::transient` for what will \
    pass, `not_found` for a job that is gone";

pub(super) async fn the_first_poll_is_answered(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    match stand.get(&job).await {
        Ok(answer) => match phase(&answer).as_str() {
            seen @ ("FAILED" | "RETRYABLE_FAILED" | "ABORTED") => {
                let why = answer.resource.map(|found| found.message).unwrap_or_default();
                Err(Judged::broken(
                    format!("the first poll answered {seen}: {why}"),
                    "a job that has just been made may not be visible yet at the vendor: answer \
                     QUEUED then",
                ))
            }
            _ => Ok(()),
        },
        Err(status) => {
            Err(Judged::broken(format!("the first poll answered {}", told(&status)), ANSWER))
        }
    }
}

pub(super) async fn outputs_are_those_declared(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    let answer = stand.poll_to_the_end(&job).await?;
    let ended = phase(&answer);
    let resource = answer.resource.unwrap_or_default();
    if ended != "SUCCEEDED" {
        let seen = format!("the task ended {ended}: {}", resource.message);
        let advice = "give the check a task that succeeds, and answer the outputs it declares";
        return Err(Judged::broken(seen, advice));
    }
    let declared: BTreeSet<&str> = stand.subject.task.outputs().collect();
    let Some(outputs) = &resource.outputs else {
        // The job may have written them itself; without a folder nobody can look.
        return match declared.is_empty() {
            true => Ok(()),
            false => Err(Judged::lacking("the connector leaves the outputs to the job")),
        };
    };
    let answered: BTreeSet<&str> =
        outputs.literals.iter().map(|literal| literal.name.as_str()).collect();
    if declared != answered {
        return Err(Judged::broken(
            format!("the task declares the outputs {declared:?}; the answer has {answered:?}"),
            "answer what the task declares, or declare it in the task given to the check: \
             `Task::output`",
        ));
    }
    Ok(())
}

pub(super) async fn an_outage_is_not_the_end(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    let outage = |on| stand.vendor().is_some_and(|vendor| vendor.outage(on));
    if !outage(true) {
        return Err(Judged::lacking("it takes a vendor that can fail (`Vendor::outage`)"));
    }
    for number in 1..=OUTAGE {
        let seen = match stand.get(&job).await {
            Ok(answer) => match phase(&answer).as_str() {
                "FAILED" | "ABORTED" | "RETRYABLE_FAILED" => phase(&answer),
                _ => {
                    sleep(Duration::from_secs(10)).await;
                    continue;
                }
            },
            Err(status) => told(&status),
        };
        outage(false);
        return Err(Judged::broken(
            format!("poll {number} of an outage answered {seen}"),
            "make errors that will pass `ConnectorError::transient` (`.or_transient(…)`); the \
             server answers the last phase then",
        ));
    }
    outage(false);
    stand.poll_to_the_end(&job).await.map(drop)
}

pub(super) async fn a_finished_job_stays_finished(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    let ended = phase(&stand.poll_to_the_end(&job).await?);
    // The executor has restarted, and so has the server.
    stand.replace_server().await?;
    let again = match stand.get(&job).await {
        Ok(answer) => phase(&answer),
        Err(status) => told(&status),
    };
    if again != ended {
        return Err(Judged::broken(
            format!("the job ended {ended}, and after a restart it is {again}"),
            "ask the vendor about the job anew; the server remembers nothing across a restart",
        ));
    }
    Ok(())
}

pub(super) async fn metadata_is_all_another_server_needs(
    stand: &mut Stand<'_>,
) -> Result<(), Judged> {
    let job = stand.create(&stand.run(), 0).await?;
    stand.replace_server().await?;
    let seen = match stand.get(&job).await {
        Ok(answer) => match phase(&answer).as_str() {
            "FAILED" | "ABORTED" | "RETRYABLE_FAILED" => {
                let why = answer.resource.as_ref().map(|found| found.message.clone());
                format!("{}: {}", phase(&answer), why.unwrap_or_default())
            }
            _ => return Ok(()),
        },
        Err(status) => told(&status),
    };
    Err(Judged::broken(
        format!("a new server with the same metadata answered {seen}"),
        "put what later calls need into the metadata, and keep nothing in the connector",
    ))
}

pub(super) async fn unreadable_metadata_is_an_answer(stand: &mut Stand<'_>) -> Result<(), Judged> {
    let advice = "answer FAILED on get and success on delete for metadata that cannot be read; \
        metadata types with `Deserialize` have that for nothing";
    let run = stand.run();
    for bytes in [&b""[..], b"[1]", b"{\"\": null}", b"\x80\x04\x95pickle", b"\xff\xfe\x00"] {
        let job = stand.stored(&run, 0, Bytes::from_static(bytes));
        let shown = String::from_utf8_lossy(bytes).into_owned();
        if let Err(status) = stand.get(&job).await {
            let seen = format!("get with the metadata {shown:?} answered {}", told(&status));
            return Err(Judged::broken(seen, advice));
        }
        if let Err(status) = stand.delete(&job).await {
            let seen = format!("delete with the metadata {shown:?} answered {}", told(&status));
            return Err(Judged::broken(seen, advice));
        }
    }
    Ok(())
}
