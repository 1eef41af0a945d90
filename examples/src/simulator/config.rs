//! The settings of `simulator`, as the task spells them: read, bounded, and slips told.
//! `script` makes of them what the vendor acts by.

use connector_core::prelude::*;
use prost_types::Struct;
use serde_json::Value;

/// The longest wait. Longer ones are slips, as a rule.
const LONGEST_WAIT_MS: u64 = 3_600_000;
/// The longest time a poll blocks its thread: nothing can end it before.
const LONGEST_BLOCK_MS: u64 = 60_000;
/// The longest tag, in bytes.
const LONGEST_TAG: usize = 256;
/// The most steps of `phases` and `get`.
const MOST_STEPS: usize = 10_000;

/// What create does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FlyteType)]
pub(super) enum CreateOutcome {
    /// Makes a job.
    #[default]
    Ok,
    /// Fails for good.
    Permanent,
    /// Fails; a new attempt may succeed.
    Retryable,
    /// Fails for the moment.
    Transient,
    /// Finds the task itself wrong.
    Invalid,
    /// Panics.
    Panic,
}

/// What a delete does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FlyteType)]
pub(super) enum DeleteOutcome {
    /// Cancels the job.
    #[default]
    Ok,
    /// Does not know the job; it is gone.
    NotFound,
    /// Fails for good.
    Permanent,
    /// Fails for the moment.
    Transient,
}

/// The settings of a simulated task; the module's documentation tells what each does.
#[derive(Debug, Clone, PartialEq, TaskConfig)]
pub(super) struct Keys {
    /// Counters are kept per tag; without one every job is counted by itself.
    pub(super) tag: Option<String>,
    /// What create does.
    #[config(default)]
    pub(super) create: CreateOutcome,
    /// How long create waits before the job is made.
    #[config(default)]
    pub(super) create_delay_ms: u64,
    /// Phase names, one step per vendor poll; the last repeats.
    #[config(default = default_phases())]
    pub(super) phases: Vec<String>,
    /// What each vendor poll does: ok, transient, permanent, `not_found`, panic, state:TEXT; the last
    /// repeats.
    #[config(default)]
    pub(super) get: Vec<String>,
    /// How long a poll waits, without blocking.
    #[config(default)]
    pub(super) get_delay_ms: u64,
    /// How long a poll blocks its thread.
    #[config(default)]
    pub(super) block_ms: u64,
    /// How long an answer is good enough: the next vendor poll comes no sooner.
    #[config(default)]
    pub(super) get_min_interval_ms: u64,
    /// What a delete does.
    #[config(default)]
    pub(super) delete: DeleteOutcome,
    /// The outputs of a success: text, numbers, booleans.
    #[config(default = Value::Null)]
    pub(super) outputs: Value,
    /// Puts the secret `api_key` into everything the connector says.
    #[config(default)]
    pub(super) leak_secret: bool,
}

fn default_phases() -> Vec<String> {
    ["QUEUED", "RUNNING", "SUCCEEDED"].map(str::to_owned).into()
}

impl Keys {
    /// Reads the settings and refuses what would only look as if it worked.
    pub(super) fn read(custom: Struct) -> Result<Self> {
        check_names(&custom)?;
        let keys = Self::from_custom(custom)?;
        for (name, given, most) in [
            ("create_delay_ms", keys.create_delay_ms, LONGEST_WAIT_MS),
            ("get_delay_ms", keys.get_delay_ms, LONGEST_WAIT_MS),
            ("get_min_interval_ms", keys.get_min_interval_ms, LONGEST_WAIT_MS),
            ("block_ms", keys.block_ms, LONGEST_BLOCK_MS),
        ] {
            if given > most {
                return Err(invalid(format!("`custom.{name}` is {given}; the most is {most}")));
            }
        }
        for (name, steps) in [("phases", keys.phases.len()), ("get", keys.get.len())] {
            if steps > MOST_STEPS {
                return Err(invalid(format!(
                    "`custom.{name}` has {steps} steps; the most is {MOST_STEPS}"
                )));
            }
        }
        if keys.tag.as_ref().is_some_and(|tag| tag.len() > LONGEST_TAG) {
            return Err(invalid(format!("`custom.tag` is longer than {LONGEST_TAG} bytes")));
        }
        Ok(keys)
    }
}

/// Every key, for slips.
const KNOWN: [&str; 11] = [
    "tag",
    "create",
    "create_delay_ms",
    "phases",
    "get",
    "get_delay_ms",
    "block_ms",
    "get_min_interval_ms",
    "delete",
    "outputs",
    "leak_secret",
];

// A test that is steered by a misspelt key tests nothing. Keys that resemble none are Flyte's.
fn check_names(custom: &Struct) -> Result<()> {
    for key in custom.fields.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        if let Some(known) = KNOWN.iter().find(|known| resembles(key, known)) {
            return Err(invalid(format!(
                "there is no `custom.{key}`; did you mean `{known}`? The keys are {}",
                KNOWN.join(", ")
            )));
        }
    }
    Ok(())
}

/// Whether a key is probably meant to be another: spelled alike but for case and separators, without
/// the unit, in the other number, or with one letter wrong in a long name.
fn resembles(key: &str, known: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let (key, known) = (letters(key), letters(known));
    let unit = known.strip_suffix("ms").unwrap_or(&known);
    key == known
        || key == unit
        || key == format!("{unit}s")
        || format!("{key}s") == known
        || (known.len() > 4 && within_one(key.as_bytes(), known.as_bytes()))
}

/// Whether one letter more, less or other makes the texts equal.
fn within_one(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    let without_first = |text: &[u8]| text.get(1..).unwrap_or_default().to_vec();
    without_first(a) == without_first(b) || without_first(a) == b || a == without_first(b)
}

pub(super) fn invalid(message: String) -> ConnectorError {
    ConnectorError::invalid_task(message)
}

#[cfg(test)]
mod tests {
    use super::resembles;

    #[test]
    fn slips_are_told_from_keys_of_others() {
        for (key, known) in [
            ("phase", "phases"),
            ("Phases", "phases"),
            ("createDelayMs", "create_delay_ms"),
            ("create_delay", "create_delay_ms"),
            ("block", "block_ms"),
            ("outpus", "outputs"),
            ("leak_secrets", "leak_secret"),
            ("tags", "tag"),
            ("delte", "delete"),
        ] {
            assert!(resembles(key, known), "{key}");
        }
        for key in ["secrets", "configs", "task_type", "taskType", "type", "set", "image", "a", ""]
        {
            let alike: Vec<_> = super::KNOWN.iter().filter(|known| resembles(key, known)).collect();
            assert!(alike.is_empty(), "{key}: {alike:?}");
        }
    }
}
