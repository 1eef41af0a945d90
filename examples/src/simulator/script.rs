//! What one simulated job does, step by step: the settings, read once at create.
//! The vendor keeps one per job and asks it what a poll brings.

use std::time::Duration;

use connector_core::prelude::*;
use connector_core::typed::FieldDescription;
use prost::Message;
use prost_types::Struct;
use serde_json::Value;

use super::config::{CreateOutcome, DeleteOutcome, Keys, invalid};

/// What a poll brings.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// The vendor names the job's phase.
    Phase(Phase),
    /// The vendor names a state of its own.
    State(String),
    /// The poll fails in that way.
    Fails(Failure),
}

/// How a poll fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Transient,
    Permanent,
    NotFound,
    Panic,
}

/// What each poll does; `Answer` once the phase is known.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Ok,
    State(String),
    Fails(Failure),
}

/// What a simulated job does.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    pub(super) tag: Option<String>,
    pub(super) create: CreateOutcome,
    pub(super) create_delay: Duration,
    pub(super) get_delay: Duration,
    pub(super) block: Duration,
    pub(super) good_for: Option<Duration>,
    pub(super) delete: DeleteOutcome,
    pub(super) leak_secret: bool,
    /// About how many bytes it takes in memory.
    pub(super) weight: usize,
    outputs: Option<Vec<(String, pb::Literal)>>,
    phases: Vec<Phase>,
    steps: Vec<Step>,
}

impl TaskConfig for Script {
    fn from_custom(custom: Struct) -> Result<Self> {
        let weight = custom.encoded_len();
        let keys = Keys::read(custom)?;
        let numbered = |texts: Vec<String>| texts.into_iter().enumerate();
        let phases = numbered(keys.phases).map(|(at, name)| read_phase(at, &name));
        let steps = numbered(keys.get).map(|(at, text)| read_step(at, &text));
        let good_for = Duration::from_millis(keys.get_min_interval_ms);
        Ok(Self {
            tag: keys.tag,
            create: keys.create,
            create_delay: Duration::from_millis(keys.create_delay_ms),
            get_delay: Duration::from_millis(keys.get_delay_ms),
            block: Duration::from_millis(keys.block_ms),
            good_for: (!good_for.is_zero()).then_some(good_for),
            delete: keys.delete,
            leak_secret: keys.leak_secret,
            weight,
            outputs: read_outputs(keys.outputs)?,
            phases: phases.collect::<Result<_>>()?,
            steps: steps.collect::<Result<_>>()?,
        })
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Keys::describe()
    }
}

impl Script {
    /// What the poll of that number brings; the first is 0.
    pub(super) fn answer(&self, poll: usize) -> Answer {
        match at_or_last(&self.steps, poll) {
            Some(Step::Fails(failure)) => Answer::Fails(*failure),
            Some(Step::State(state)) => Answer::State(state.clone()),
            Some(Step::Ok) | None => {
                let phase = at_or_last(&self.phases, poll);
                Answer::Phase(phase.copied().unwrap_or(Phase::Succeeded))
            }
        }
    }

    /// What a success brings.
    pub(super) fn outputs(&self) -> Outputs {
        match &self.outputs {
            Some(outputs) => Outputs::Inline(outputs.iter().cloned().collect()),
            None => Outputs::None,
        }
    }
}

fn at_or_last<T>(steps: &[T], at: usize) -> Option<&T> {
    steps.get(at).or_else(|| steps.last())
}

fn read_phase(at: usize, name: &str) -> Result<Phase> {
    Phase::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Phase::ALL.iter().map(|phase| phase.as_str()).collect();
        let names = names.join(", ");
        invalid(format!("`custom.phases[{at}]` is {name:?}; the phases are {names}"))
    })
}

fn read_step(at: usize, text: &str) -> Result<Step> {
    Ok(match text {
        "ok" => Step::Ok,
        "transient" => Step::Fails(Failure::Transient),
        "permanent" => Step::Fails(Failure::Permanent),
        "not_found" => Step::Fails(Failure::NotFound),
        "panic" => Step::Fails(Failure::Panic),
        other => match other.strip_prefix("state:") {
            Some(state) => Step::State(state.to_owned()),
            None => {
                return Err(invalid(format!(
                    "`custom.get[{at}]` is {other:?}; a poll can be ok, transient, permanent, \
                     not_found, panic or state:<text>"
                )));
            }
        },
    })
}

fn read_outputs(outputs: Value) -> Result<Option<Vec<(String, pb::Literal)>>> {
    let members = match outputs {
        Value::Null => return Ok(None),
        Value::Object(members) => members,
        other => return Err(invalid(format!("`custom.outputs` must be an object, not {other}"))),
    };
    let read = members.into_iter().map(|(name, value)| {
        // Whole numbers come as integers here, though every number travels as a float.
        let literal = match &value {
            Value::String(text) => literal::string(text),
            Value::Bool(value) => literal::boolean(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => literal::integer(whole),
                (None, Some(number)) => literal::float(number),
                (None, None) => return Err(unfit(&name, &value)),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(unfit(&name, &value)),
        };
        Ok((name, literal))
    });
    read.collect::<Result<_>>().map(Some)
}

fn unfit(name: &str, value: &Value) -> ConnectorError {
    invalid(format!("`custom.outputs.{name}` must be text, a number or a boolean, not {value}"))
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::json;

    use super::{Answer, Failure, Script};

    fn script(custom: serde_json::Value) -> Result<Script> {
        Script::from_custom(json_to_struct(custom).expect("an object"))
    }

    fn refused(custom: serde_json::Value) -> String {
        let error = script(custom).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidTask);
        error.message().to_owned()
    }

    #[test]
    fn without_settings_a_job_is_queued_runs_and_succeeds() {
        let script = script(json!({})).unwrap();
        let phases = [0, 1, 2, 3].map(|poll| script.answer(poll));
        let expected = [Phase::Queued, Phase::Running, Phase::Succeeded, Phase::Succeeded];
        assert_eq!(phases, expected.map(Answer::Phase));
        assert_eq!(script.outputs(), Outputs::None);
    }

    #[test]
    fn phases_and_polls_step_together_and_their_last_repeat() {
        let custom = json!({
            "phases": ["RUNNING", "RUNNING", "FAILED"],
            "get": ["transient", "state:WARMING", "ok"],
        });
        let script = script(custom).unwrap();
        assert_eq!(script.answer(0), Answer::Fails(Failure::Transient));
        assert_eq!(script.answer(1), Answer::State("WARMING".to_owned()));
        assert_eq!(script.answer(2), Answer::Phase(Phase::Failed));
        assert_eq!(script.answer(9), Answer::Phase(Phase::Failed));
    }

    #[test]
    fn whole_numbers_of_outputs_are_ints() {
        let script = script(json!({"outputs": {"n": 3, "x": 0.5, "s": "a", "b": true}})).unwrap();
        let expected = DynamicOutputs::from_iter([
            ("b", literal::boolean(true)),
            ("n", literal::integer(3)),
            ("s", literal::string("a")),
            ("x", literal::float(0.5)),
        ]);
        assert_eq!(script.outputs(), Outputs::Inline(expected));
        assert_eq!(
            self::script(json!({"outputs": {}})).unwrap().outputs(),
            Outputs::Inline(DynamicOutputs::default())
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (custom, said) in [
            (json!({"phases": ["DONE"]}), "`custom.phases[0]` is \"DONE\"; the phases are QUEUED"),
            (json!({"get": ["ok", "fine"]}), "`custom.get[1]` is \"fine\"; a poll can be ok"),
            (json!({"outputs": [1]}), "`custom.outputs` must be an object"),
            (json!({"outputs": {"l": []}}), "`custom.outputs.l` must be text"),
            (json!({"block_ms": 60_001}), "`custom.block_ms` is 60001; the most is 60000"),
            (json!({"phase": ["RUNNING"]}), "did you mean `phases`?"),
            (json!({"create": "sometimes"}), "create"),
            (json!({"create_delay_ms": -1}), "create_delay_ms"),
        ] {
            let message = refused(custom);
            assert!(message.contains(said), "{message}");
        }
        let of_flyte = json!({"secrets": {"api_key": "k"}, "configs": {}, "taskType": "simulator"});
        assert!(script(of_flyte).is_ok());
    }
}
