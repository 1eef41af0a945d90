//! What the executor makes of one answer to a poll: go on, end, retry, or an impossibility.
//! `attempt` looks through here at its own pace; nothing here waits or calls.

use connector_core::pb::task::NamedLiteral;
use connector_core::pb::task_execution::Phase;
use connector_service::pb;

use super::outputs::{OutputStore, WrittenOutputs};
use super::record::{End, FailureCode};
use crate::task::Task;

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Look {
    /// The job goes on.
    Going,
    /// The task has ended.
    Ended(End),
    /// The attempt failed; a new one may succeed.
    Retry(String),
    /// The answer makes no sense; it counts, and the next look may find another one.
    Impossible(String),
}

/// Whether polling ends with an answer.
pub(crate) fn is_terminal(answer: &pb::GetTaskResponse) -> bool {
    let phase = answer.resource.as_ref().and_then(|resource| Phase::try_from(resource.phase).ok());
    matches!(
        phase,
        Some(Phase::Succeeded | Phase::Failed | Phase::RetryableFailed | Phase::Aborted)
    )
}

/// Translates an answer as the executor does.
pub(crate) fn look(
    answer: &pb::GetTaskResponse,
    task: &Task,
    outputs: &OutputStore,
    output_prefix: &str,
) -> Look {
    let Some(resource) = &answer.resource else {
        return Look::Impossible("the answer to the poll holds no resource".to_owned());
    };
    let failed = |message: String| {
        Look::Ended(End::Failed { code: FailureCode::TaskFailedWithError, message })
    };
    match Phase::try_from(resource.phase) {
        Ok(Phase::Queued | Phase::WaitingForResources | Phase::Initializing | Phase::Running) => {
            Look::Going
        }
        Ok(Phase::Succeeded) => succeeded(resource, task, outputs, output_prefix),
        Ok(Phase::Failed) => failed(format!("failed to run the job: {}", resource.message)),
        // The message is lost here.
        Ok(Phase::Aborted) => failed("failed to run the job with aborted phase.".to_owned()),
        Ok(Phase::RetryableFailed) => Look::Retry(resource.message.clone()),
        Ok(Phase::Undefined) | Err(_) => {
            Look::Impossible(format!("unknown execution phase [{}].", resource.phase))
        }
    }
}

fn succeeded(
    resource: &pb::Resource,
    task: &Task,
    store: &OutputStore,
    output_prefix: &str,
) -> Look {
    let ended = |outputs: Option<Vec<NamedLiteral>>| Look::Ended(End::Succeeded { outputs });
    if task.outputs().next().is_none() {
        return ended(None);
    }
    match &resource.outputs {
        Some(outputs) => match store.write(output_prefix, &outputs.literals) {
            Ok(()) => ended(Some(last_of_each_name(&outputs.literals))),
            Err(error) => Look::Impossible(format!("the outputs cannot be written: {error}")),
        },
        None => match store.read(output_prefix) {
            WrittenOutputs::Values(literals) => ended(Some(last_of_each_name(&literals))),
            WrittenOutputs::Missing => Look::Impossible(format!(
                "the answer holds no outputs, and there is no {output_prefix}/outputs.pb"
            )),
            WrittenOutputs::Unreadable(error) => {
                Look::Impossible(format!("{output_prefix}/outputs.pb cannot be read: {error}"))
            }
        },
    }
}

fn last_of_each_name(literals: &[NamedLiteral]) -> Vec<NamedLiteral> {
    let mut kept: Vec<NamedLiteral> = Vec::with_capacity(literals.len());
    for literal in literals {
        kept.retain(|earlier| earlier.name != literal.name);
        kept.push(literal.clone());
    }
    kept
}

#[cfg(test)]
mod tests {
    use connector_core::literal;
    use connector_core::pb as core_pb;
    use connector_core::pb::task::NamedLiteral;
    use connector_service::pb;

    use super::{Look, is_terminal, look};
    use crate::executor::outputs::OutputStore;
    use crate::executor::record::{End, FailureCode};
    use crate::task::Task;

    fn answer(phase: i32, outputs: Option<Vec<NamedLiteral>>) -> pb::GetTaskResponse {
        let outputs = outputs
            .map(|literals| core_pb::task::Outputs { literals, produced_artifacts: Vec::new() });
        let message = "why".to_owned();
        let resource = pb::Resource { phase, outputs, message, ..Default::default() };
        pb::GetTaskResponse { resource: Some(resource) }
    }

    fn seen(answer: &pb::GetTaskResponse, task: &Task) -> Look {
        look(answer, task, &OutputStore::default(), "s3://b/p")
    }

    fn failed(message: &str) -> Look {
        let code = FailureCode::TaskFailedWithError;
        Look::Ended(End::Failed { code, message: message.to_owned() })
    }

    fn named(name: &str, value: i64) -> NamedLiteral {
        NamedLiteral { name: name.to_owned(), value: Some(literal::integer(value)) }
    }

    #[test]
    fn phases_mean_what_they_mean_to_the_executor() {
        let task = Task::new("t");
        for phase in [1, 2, 6, 7] {
            assert_eq!(seen(&answer(phase, None), &task), Look::Going);
            assert!(!is_terminal(&answer(phase, None)));
        }
        assert_eq!(seen(&answer(3, None), &task), Look::Ended(End::Succeeded { outputs: None }));
        assert_eq!(
            seen(&answer(4, None), &task),
            failed("failed to run the job with aborted phase.")
        );
        assert_eq!(seen(&answer(5, None), &task), failed("failed to run the job: why"));
        assert_eq!(seen(&answer(8, None), &task), Look::Retry("why".to_owned()));
        for phase in [3, 4, 5, 8] {
            assert!(is_terminal(&answer(phase, None)));
        }
        for phase in [0, 9, -1] {
            assert!(matches!(seen(&answer(phase, None), &task), Look::Impossible(_)));
            assert!(!is_terminal(&answer(phase, None)));
        }
        let nothing = pb::GetTaskResponse { resource: None };
        assert!(matches!(seen(&nothing, &task), Look::Impossible(_)));
    }

    #[test]
    fn outputs_present_count_and_absent_ones_are_looked_for() {
        let task = Task::new("t").output("x");
        let with = |outputs| seen(&answer(3, outputs), &task);
        let ended = |outputs| Look::Ended(End::Succeeded { outputs: Some(outputs) });
        assert_eq!(with(Some(Vec::new())), ended(Vec::new()));
        assert_eq!(with(Some(vec![named("x", 1), named("x", 2)])), ended(vec![named("x", 2)]));
        assert!(matches!(with(None), Look::Impossible(text) if text.contains("outputs.pb")));

        let folder = tempfile::tempdir().unwrap();
        let store = OutputStore { folder: Some(folder.path().to_owned()) };
        let prefix = format!("file://{}/a", folder.path().display());
        assert!(matches!(look(&answer(3, None), &task, &store, &prefix), Look::Impossible(_)));
        store.write(&prefix, &[named("x", 7)]).unwrap();
        assert_eq!(look(&answer(3, None), &task, &store, &prefix), ended(vec![named("x", 7)]));
    }
}
