//! The `#SBATCH` lines of a job.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use serde_json::Value;

use crate::config::text;

/// Fields of the settings, in the order they are written, and sbatch's names for them.
const FIELDS: [(&str, &str); 12] = [
    ("partition", "partition"),
    ("nodes", "nodes"),
    ("ntasks", "ntasks"),
    ("cpus_per_task", "cpus-per-task"),
    ("gres", "gres"),
    ("gpus_per_node", "gpus-per-node"),
    ("mem", "mem"),
    ("time_limit", "time"),
    ("account", "account"),
    ("qos", "qos"),
    ("reservation", "reservation"),
    ("constraint", "constraint"),
];

/// Options that are the connector's own. With `output` a task could write into files of the user that
/// everybody's jobs run as; the others would lose the job, or change what is run and as whom.
const OWN: [&str; 7] = ["chdir", "error", "gid", "job-name", "output", "uid", "wrap"];

/// The lines: the connector's own options, then fields, then further options, which may stand in a field's
/// place.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: an option that is the connector's own, or a name or value that would be more
/// than one option.
pub(crate) fn lines(
    own: [(&str, &str); 3],
    fields: &BTreeMap<String, Value>,
    further: &BTreeMap<String, Value>,
) -> Result<Vec<String>> {
    let mut options: Vec<(&str, Option<String>)> = Vec::new();
    options.extend(own.map(|(name, value)| (name, Some(value.to_owned()))));
    for (field, name) in FIELDS {
        if let Some(value) = fields.get(field).filter(|value| !value.is_null()) {
            options.push((name, written(name, value)?));
        }
    }
    for (name, value) in further {
        if OWN.contains(&name.as_str()) {
            return Err(ConnectorError::invalid_task(format!(
                "sbatch option '{name}' is set by the plugin and cannot be overridden from task config. \
                 Reserved: {}.",
                OWN.join(", ")
            )));
        }
        let value = written(name, value)?;
        match options.iter_mut().find(|(there, _)| there == name) {
            Some(option) => option.1 = value,
            None => options.push((name, value)),
        }
    }
    options.into_iter().map(|(name, value)| line(name, value)).collect()
}

fn written(name: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Bool(true) | Value::Null => Ok(None),
        value => text(name, value).map(Some),
    }
}

/// Makes sure that a text can be the long name of an option.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: it cannot.
pub(crate) fn check(name: &str) -> Result<()> {
    let mut letters = name.chars();
    let is_name = letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name {
        return Err(ConnectorError::invalid_task(format!(
            "{name:?} cannot be the name of an sbatch option: give its long name without the dashes"
        )));
    }
    Ok(())
}

fn line(name: &str, value: Option<String>) -> Result<String> {
    check(name)?;
    let Some(value) = value else { return Ok(format!("#SBATCH --{name}")) };
    // A line's end would make the rest a command, a blank would begin another option.
    if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(ConnectorError::invalid_task(format!(
            "sbatch option '{name}' may not contain whitespace: {value:?}. With it, one value could be \
             several options, or a command"
        )));
    }
    Ok(format!("#SBATCH --{name}={value}"))
}
