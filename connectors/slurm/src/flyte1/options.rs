//! What sbatch is called with: the options of a task, its script, and the script's arguments.

use std::collections::BTreeSet;

use connector_core::prelude::*;
use serde_json::Value;

use crate::config::{SlurmTask, text};
use crate::script;
use crate::shell;

/// The option that tells the attempt; a task's own name is in it.
pub(crate) const NAME: &str = "job-name";
const DEPENDENCY: &str = "dependency";

/// Options with which there would be no job, another script, or another user; and `wait`, with which sbatch answers
/// when the job has ended.
const REFUSED: [&str; 5] = ["gid", "test-only", "uid", "wait", "wrap"];

/// The arguments of sbatch, as one line of a shell. Unlike there each word stays one word, whatever is in it.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: an option that is refused, or is none.
pub(crate) fn line(config: &SlurmTask, job_name: &str, script: &str) -> Result<String> {
    let mut words = vec!["--parsable".to_owned(), format!("--{NAME}={job_name}")];
    for (name, value) in config.sbatch_config.iter().filter(|(name, _)| *name != NAME) {
        if REFUSED.contains(&name.as_str()) {
            return Err(ConnectorError::invalid_task(format!(
                "the sbatch option '{name}' cannot be a task's: with it there is no job to ask about, or it is \
                 somebody else's. Not taken are {}",
                REFUSED.join(", ")
            )));
        }
        script::check_option(name)?;
        words.push(match value {
            Value::Bool(true) | Value::Null => format!("--{name}"),
            Value::String(text) if text.is_empty() => format!("--{name}"),
            value => format!("--{name}={}", text(name, value)?),
        });
    }
    words.push(script.to_owned());
    words.extend(config.batch_script_args.iter().cloned());
    shell::line(&words)
}

/// The ids of jobs that the options say it is to wait for.
pub(crate) fn dependencies(config: &SlurmTask) -> BTreeSet<&str> {
    let value = config.sbatch_config.get(DEPENDENCY).and_then(Value::as_str);
    value.map(script::ids).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::json;

    use super::{dependencies, line};
    use crate::config::SlurmTask;

    fn task(sbatch_config: &serde_json::Value, arguments: &serde_json::Value) -> SlurmTask {
        let custom = json!({
            "ssh_config": {"host": "h"}, "sbatch_config": sbatch_config, "batch_script_args": arguments,
        });
        SlurmTask::from_custom(json_to_struct(custom).unwrap()).unwrap()
    }

    #[test]
    fn every_word_stays_one_word() {
        let options = json!({
            "job-name": "mine", "partition": "debug", "nodes": 2, "exclusive": "", "hold": true,
            "comment": "two words; and a command", "dependency": "afterok:7:8",
        });
        let task = task(&options, &json!(["a b", "$HOME", "-x"]));
        let expected = "--parsable --job-name=n '--comment=two words; and a command' \
                        --dependency=afterok:7:8 --exclusive --hold --nodes=2 --partition=debug /s 'a b' '$HOME' -x";
        assert_eq!(line(&task, "n", "/s").unwrap(), expected);
        assert_eq!(dependencies(&task).into_iter().collect::<Vec<_>>(), ["7", "8"]);
    }

    #[test]
    fn options_that_leave_no_job_are_refused() {
        for name in ["wrap", "wait", "uid", "p x", "-p", ""] {
            let mut options = serde_json::Map::new();
            options.insert(name.to_owned(), "1".into());
            let error = line(&task(&options.into(), &json!(null)), "n", "/s").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask, "{name}");
            assert!(error.message().contains(name), "{error}");
        }
    }
}
