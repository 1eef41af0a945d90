//! The scripts of Flyte 1's tasks, byte by byte those of the official connector.

use connector_core::prelude::*;

use crate::Slurm;

/// Where a function's own script has the command that runs it.
const COMMAND: &str = "{task.fn}";

/// The script that is submitted; `None` where the task names one that is on the cluster.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: there is none, or it has a brace that means nothing.
pub(crate) fn of_task(task: &CreateTask<Slurm>, is_function: bool) -> Result<Option<String>> {
    let config = &task.config;
    if is_function {
        let Some(pb::task_template::Target::Container(container)) = &task.template.target else {
            return Err(ConnectorError::invalid_task(
                "a task of the type `slurm_fn` is a function, and this one has no container that runs it",
            ));
        };
        return Ok(Some(of_function(&container.args.join(" "), config.script.as_deref())));
    }
    match (&config.script, &config.batch_script_path) {
        (Some(script), _) => filled(script).map(Some),
        (None, Some(_)) => Ok(None),
        (None, None) => Err(ConnectorError::invalid_task(
            "the task has no script: give `SlurmShellTask(script=…)` one, or \
             `SlurmScriptConfig(batch_script_path=…)` one that is on the cluster",
        )),
    }
}

fn of_function(command: &str, script: Option<&str>) -> String {
    match script {
        Some(script) => script.replace(COMMAND, command),
        None => format!("#!/bin/bash -i\n        {command}\n        "),
    }
}

/// The script as Python's `str.format` fills it in for a task without inputs, and others have no template there.
fn filled(script: &str) -> Result<String> {
    let mut text = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, braces) = rest.split_at(at);
        text.push_str(before);
        let (brace, behind) = if let Some(behind) = braces.strip_prefix("{{") {
            ('{', behind)
        } else if let Some(behind) = braces.strip_prefix("}}") {
            ('}', behind)
        } else {
            let line = braces.lines().next().unwrap_or_default();
            let line: String = line.chars().take(40).collect();
            return Err(ConnectorError::invalid_task(format!(
                "the script has a single brace at `{line}`: the plug-in of Flyte 1 takes what is between braces for the \
                 name of an input, and this task has none. Write braces of the script twice, as in `${{{{HOME}}}}`"
            )));
        };
        text.push(brace);
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{filled, of_function};

    #[test]
    fn braces_are_those_of_str_format() {
        assert_eq!(filled("a ${{HOME}} {{ b; }}\n{{{{x}}}}").unwrap(), "a ${HOME} { b; }\n{{x}}");
        assert_eq!(filled("no brace é").unwrap(), "no brace é");
        for script in ["echo ${HOME}", "{inputs.n}", "a }", "{", "{{{"] {
            let error = filled(script).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains("${{HOME}}"), "{error}");
        }
    }

    #[test]
    fn a_function_is_run_where_its_script_says() {
        assert_eq!(of_function("run it", None), "#!/bin/bash -i\n        run it\n        ");
        assert_eq!(of_function("run it", Some("a\n{task.fn}\n${B}")), "a\nrun it\n${B}");
    }
}
