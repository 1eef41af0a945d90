//! What a task says: which DAG is run, where, and with what.

use std::time::Duration;

use connector_core::prelude::*;
use serde_json::{Map, Value};

/// The longest note, in letters. Airflow takes 1,000; the rest is for what becomes of the run.
const MOST_NOTE: usize = 800;

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct DagRunTask {
    /// The DAG to run.
    pub(crate) dag_id: String,
    /// The run's `conf`. The task's inputs are added to it, each under its name.
    conf: Option<Value>,
    /// Where Airflow's API server is, such as `https://airflow.example.com`; without it, where the operator's
    /// setting says.
    pub(crate) url: Option<String>,
    /// Whether a DAG that is paused is un-paused first, and stays so. Runs of a paused DAG wait.
    #[config(default)]
    pub(crate) unpause: bool,
    /// A note on the run, for those who look at it in Airflow; up to 800 letters.
    note: Option<String>,
    /// How many seconds the run may take from its start; a longer one is cancelled, and the task fails.
    time_limit: Option<i64>,
}

impl DagRunTask {
    /// The run's `conf`: the task's, with the inputs in it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: the `conf` is no object, an input has no JSON form, or the name of one is in
    /// the `conf` already.
    pub(crate) fn conf(&self, inputs: &DynamicInputs) -> Result<Map<String, Value>> {
        let mut conf = match &self.conf {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(conf)) => conf.clone(),
            Some(_) => {
                return Err(ConnectorError::invalid_task("`custom.conf` must be an object"));
            }
        };
        for (name, _) in inputs.iter() {
            let value = inputs.read::<Value>(name)?.unwrap_or_default();
            if conf.insert(name.to_owned(), value).is_some() {
                return Err(ConnectorError::invalid_task(format!(
                    "the input `{name}` and a member of `custom.conf` have one name: the run can get only one \
                     of them"
                )));
            }
        }
        Ok(conf)
    }

    /// The note, if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it is too long.
    pub(crate) fn note(&self) -> Result<Option<&str>> {
        let note = self.note.as_deref().filter(|note| !note.is_empty());
        if note.is_some_and(|note| note.chars().count() > MOST_NOTE) {
            return Err(ConnectorError::invalid_task(format!(
                "`custom.note` is longer than {MOST_NOTE} letters"
            )));
        }
        Ok(note)
    }

    /// How long the run may take.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it is no span of time.
    pub(crate) fn time_limit(&self) -> Result<Option<Duration>> {
        let Some(seconds) = self.time_limit else { return Ok(None) };
        let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
        seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(|| {
            ConnectorError::invalid_task(
                "`custom.time_limit` must be a number of seconds from 1 on",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::DagRunTask;

    fn read(custom: Value) -> DagRunTask {
        DagRunTask::from_custom(json_to_struct(custom).unwrap()).unwrap()
    }

    #[test]
    fn inputs_are_part_of_the_conf() {
        let task = read(json!({"dag_id": "d", "conf": {"a": 1, "b": [true]}}));
        let inputs = DynamicInputs::from_iter([
            ("day", literal::string("2026-11-28")),
            ("counts", literal::list([literal::integer(1), literal::integer(2)])),
            ("none", literal::none()),
        ]);
        let conf = Value::Object(task.conf(&inputs).unwrap());
        let all = json!({"a": 1, "b": [true], "day": "2026-11-28", "counts": [1, 2], "none": null});
        assert_eq!(conf, all);
        let twice = DynamicInputs::from_iter([("a", literal::integer(2))]);
        let error = task.conf(&twice).unwrap_err();
        assert!(error.message().contains("the input `a`"), "{error}");
        let none = DynamicInputs::default();
        assert!(read(json!({"dag_id": "d", "conf": null})).conf(&none).unwrap().is_empty());
        assert!(read(json!({"dag_id": "d", "conf": [1]})).conf(&none).is_err());
    }

    #[test]
    fn notes_and_limits_are_bounded() {
        let task = read(json!({"dag_id": "d", "note": "é".repeat(800), "time_limit": 60}));
        assert!(task.note().unwrap().is_some());
        assert_eq!(task.time_limit().unwrap().unwrap().as_secs(), 60);
        let task = read(json!({"dag_id": "d", "note": "é".repeat(801), "time_limit": 0}));
        assert_eq!(task.note().unwrap_err().kind(), ErrorKind::InvalidTask);
        assert_eq!(task.time_limit().unwrap_err().kind(), ErrorKind::InvalidTask);
        assert_eq!(read(json!({"dag_id": "d"})).time_limit().unwrap(), None);
    }
}
