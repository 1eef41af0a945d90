//! `sync_echo`: a task that is done within its call, and gives every input back as the output of the same
//! name.
//! It shows a `sync` connector, and does what tests ask of one: it fails, dawdles, panics and leaks on
//! request.
//!
//! # Settings
//! All are optional and stand in the task's `custom`.
//!
//! | key | type | meaning |
//! |---|---|---|
//! | `do` | `ok`, `permanent`, `invalid`, `retryable`, `transient`, `panic` | What becomes of the task. |
//! | `delay_ms` | whole number | How long it takes, without blocking. |
//! | `phase` | a phase name | The phase it ends in. Default `SUCCEEDED`; the server refuses one that is not final. |
//! | `outputs` | `inputs`, `none`, `empty` | The outputs: the inputs, none here (the task would have written them to storage), or present and empty. |
//! | `leak_secret` | boolean | Puts the secret `api_key` into the error text and the message, as `simulator` does. What arrives must show `***` in its place. |

use std::time::Duration;

use connector_core::prelude::*;

use crate::simulator::leak::Leak;

/// The longest wait. Longer ones are slips, as a rule.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// What becomes of a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FlyteType)]
enum Outcome {
    /// It ends in its phase.
    #[default]
    Ok,
    /// It fails for good.
    Permanent,
    /// It is wrong itself.
    Invalid,
    /// It fails; a new attempt may succeed.
    Retryable,
    /// It fails for the moment.
    Transient,
    /// It panics.
    Panic,
}

/// Where the outputs are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FlyteType)]
enum Given {
    /// The inputs are the outputs.
    #[default]
    Inputs,
    /// Not here.
    None,
    /// Here, and there are none.
    Empty,
}

/// The settings; the module's documentation tells what each does.
#[derive(Debug, Clone, PartialEq, TaskConfig)]
pub struct Wishes {
    /// What becomes of the task.
    #[config(default, rename = "do")]
    outcome: Outcome,
    /// How long it takes, without blocking.
    #[config(default)]
    delay_ms: u64,
    /// The phase it ends in.
    #[config(default = "SUCCEEDED".to_owned())]
    phase: String,
    /// Where the outputs are.
    #[config(default)]
    outputs: Given,
    /// Puts the secret `api_key` into everything the connector says.
    #[config(default)]
    leak_secret: bool,
}

/// The connector.
#[connector(task_type = "sync_echo", config = Wishes, sync)]
#[derive(Debug, Default)]
pub struct SyncEcho;

impl SyncConnector for SyncEcho {
    async fn run(&self, task: CreateTask<Self>) -> Result<Resource> {
        let Wishes { outcome, delay_ms, phase, outputs, leak_secret } = task.config;
        if delay_ms > LONGEST_WAIT_MS {
            let text = format!("`custom.delay_ms` is {delay_ms}; the most is {LONGEST_WAIT_MS}");
            return Err(ConnectorError::invalid_task(text));
        }
        let phase = Phase::from_name(&phase).ok_or_else(|| {
            ConnectorError::invalid_task(format!("`custom.phase` is {phase:?}, which is no phase"))
        })?;
        let leak = Leak::of(leak_secret, &task.context.connection);
        let said = |text: &str| match &leak {
            Some(leak) => format!("{text}: {leak}"),
            None => text.to_owned(),
        };
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        let text = || said("the task was told to fail");
        match outcome {
            Outcome::Ok => {}
            Outcome::Permanent => return Err(ConnectorError::permanent(text())),
            Outcome::Invalid => return Err(ConnectorError::invalid_task(text())),
            Outcome::Retryable => return Err(ConnectorError::retryable(text())),
            Outcome::Transient => return Err(ConnectorError::transient(text())),
            #[expect(clippy::panic, reason = "asked for by the task")]
            Outcome::Panic => panic!("{}", said("the task was told to panic")),
        }
        let message = said(&format!("{} inputs came in", task.inputs.len()));
        let outputs = match outputs {
            Given::Inputs => Outputs::Inline(task.inputs.into_literals().into()),
            Given::None => Outputs::WrittenByTask,
            Given::Empty => Outputs::Inline(DynamicOutputs::default()),
        };
        Ok(Resource::new(phase).message(message).outputs(outputs))
    }
}
