//! Rules about tasks that are done within one call.

use connector_core::Phase;

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
        let seen = |what: String| format!("the {which} of two runs of one task {what}");
        let ended = stand.run_within_a_call(&run).await;
        match ended.map_err(|why| Judged::broken(seen(format!("said: {why}")), TWICE))? {
            Phase::Succeeded => {}
            phase if phase.is_terminal() => {
                return Err(Judged::broken(seen(format!("ended in {phase}")), TWICE));
            }
            phase => {
                let advice = "answer a final phase: whoever called waits for no other";
                return Err(Judged::broken(seen(format!("ended in {phase}")), advice));
            }
        }
    }
    Ok(())
}
