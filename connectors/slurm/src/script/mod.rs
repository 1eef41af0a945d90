//! The script that is submitted: sbatch's options, modules, variables, and what is run. Pure functions: what
//! a task brings goes in, a text comes out. The texts equal those of the official connector but where its
//! README says so.

pub(crate) mod body;
mod container;
mod dependencies;
mod directives;
mod environment;

use std::collections::BTreeMap;

use connector_core::prelude::*;

use crate::config::SlurmTask;
use crate::shell::quote;
pub(crate) use body::UserScript;
pub(crate) use container::srun;
pub(crate) use dependencies::{ids, of_script as dependencies};
pub(crate) use directives::check as check_option;
pub(crate) use environment::{inputs, is_name, of_attempt, variable};

/// What every job has, whatever it runs.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) job_name: &'a str,
    pub(crate) stdout: &'a str,
    pub(crate) stderr: &'a str,
    pub(crate) variables: &'a BTreeMap<String, String>,
    pub(crate) task: &'a SlurmTask,
}

impl Frame<'_> {
    /// A job that runs a command of the task in its image.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: a value that no script can hold.
    pub(crate) fn of_command(&self, srun: &str) -> Result<String> {
        let mut lines = vec!["#!/bin/bash".to_owned()];
        lines.extend(self.directives()?);
        lines.extend([String::new(), "set -euo pipefail".to_owned()]);
        lines.extend(self.preparations()?);
        lines.extend([String::new(), srun.to_owned(), String::new()]);
        Ok(lines.join("\n"))
    }

    /// A job that runs the user's script: in it, where a Bourne shell runs that, or else from `beside`, the
    /// file that has it as it is. `outputs` is the directory that it writes its outputs to, if it has any.
    ///
    /// # Errors
    /// As [`Frame::of_command`].
    pub(crate) fn of_script(
        &self,
        script: &UserScript<'_>,
        beside: &str,
        outputs: Option<&str>,
    ) -> Result<String> {
        let mut lines: Vec<String> = script.head().map(str::to_owned).collect();
        lines.extend(self.directives()?);
        lines.push(String::new());
        lines.extend(self.preparations()?);
        if let Some(outputs) = outputs {
            lines.push(format!("mkdir -p {}", quote(outputs)?));
        }
        lines.push(String::new());
        match script.body() {
            Some(body) => lines.push(body),
            None => lines.push(format!("exec {}\n", quote(beside)?)),
        }
        Ok(lines.join("\n"))
    }

    fn directives(&self) -> Result<Vec<String>> {
        let own = [("job-name", self.job_name), ("output", self.stdout), ("error", self.stderr)];
        directives::lines(own, &self.task.sbatch, &self.task.sbatch_options)
    }

    fn preparations(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for module in &self.task.modules {
            if module.contains(char::is_whitespace) {
                return Err(ConnectorError::invalid_task(format!(
                    "a module's name has no blanks, unlike {module:?}"
                )));
            }
            lines.push(format!("module load {}", quote(module)?));
        }
        for (name, value) in self.variables {
            if !is_name(name) {
                return Err(ConnectorError::invalid_task(format!(
                    "{name:?} cannot be the name of an environment variable: letters, digits and `_` can"
                )));
            }
            lines.push(format!("export {name}={}", quote(value)?));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests;
