//! Rules about tasks that are done within one call.

use super::stand::Stand;
use super::violation::Judged;

const TWICE: &str = "let `run` do nothing that must not happen twice, or hand \
    `task.idempotency_key()` to the outside system";

pub(super) async fn a_task_can_be_run_again(stand: &mut Stand<'_>) -> Result<(), Judged> {
    if !stand.subject.sync {
        return Err(Judged::lacking("its tasks are jobs"));
    }
    let run = stand.run();
    for which in ["first", "second"] {
        let resource = stand.run_within_a_call(&run).await.map_err(|why| {
            Judged::broken(format!("the {which} of two runs of one task said: {why}"), TWICE)
        })?;
        if !resource.is_terminal() {
            return Err(Judged::broken(
                format!("the {which} of two runs of one task ended in {}", resource),
                "answer a final phase: whoever called waits for no other",
            ));
        }
        if resource != connector_core::Phase::Succeeded {
            return Err(Judged::broken(
                format!("the {which} of two runs of one task ended in {}", resource),
                TWICE,
            ));
        }
    }
    Ok(())
}
