//! What a task says: the script, what it needs, and where its files are.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use serde_json::{Map, Value, json};

use super::api::has_no_such_node;
use super::gpus::{Asked, Gpus};
use crate::script::{self, UserScript};

/// The `PATH` of a job whose task says none: the daemon gives a job no variables of its own.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct RestTask {
    /// The script. Its `#SBATCH` lines would have no effect, so it may have none.
    pub(crate) script: String,
    /// The folder on the cluster that the script starts in, and that its output is written to.
    pub(crate) working_dir: String,
    /// Where slurmrestd is, such as `http://slurm.example:6820`; without it, where the operator's setting says.
    pub(crate) url: Option<String>,
    /// The partition.
    partition: Option<String>,
    /// The account that is charged.
    account: Option<String>,
    /// The quality of service.
    qos: Option<String>,
    /// The reservation.
    reservation: Option<String>,
    /// Features that nodes must have, as `sbatch --constraint` takes them.
    constraints: Option<String>,
    /// How many nodes.
    nodes: Option<u32>,
    /// How many tasks Slurm sets processors aside for.
    tasks: Option<u32>,
    /// Processors for each of them.
    cpus_per_task: Option<u32>,
    /// Memory on each node, in MiB.
    memory_per_node: Option<u32>,
    /// GPUs of the whole job, as `sbatch --gpus` takes them: 2, or `a100:2`.
    gpus: Option<Gpus>,
    /// GPUs on each node, as `sbatch --gpus-per-node` takes them.
    gpus_per_node: Option<Gpus>,
    /// GPUs for each of the tasks, as `sbatch --gpus-per-task` takes them.
    gpus_per_task: Option<Gpus>,
    /// Generic resources on each node, as `sbatch --gres` takes them: `gpu:a100:2`.
    gres: Option<String>,
    /// Processors for each GPU, in place of `cpus_per_task`.
    cpus_per_gpu: Option<u32>,
    /// Memory for each GPU, in MiB, in place of `memory_per_node`.
    memory_per_gpu: Option<u32>,
    /// After so many seconds of running Slurm ends the job. It counts in minutes, so that they are rounded up.
    /// Without it the partition's limit holds.
    time_limit: Option<u32>,
    /// What it waits for, as `sbatch --dependency` takes it.
    pub(crate) dependency: Option<String>,
    /// A comment on the job, for those who look at it in Slurm.
    comment: Option<String>,
    /// Environment variables of the job. Inputs are added to them as `FLYTE_INPUT_<NAME>`.
    #[config(default)]
    environment: BTreeMap<String, String>,
}

impl RestTask {
    /// The script as it is submitted: with a line that says what runs it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is none, or it has options that would have no effect.
    pub(crate) fn script(&self) -> Result<String> {
        if self.script.trim().is_empty() {
            return Err(ConnectorError::invalid_task("`custom.script` is empty"));
        }
        let own = UserScript::read(&self.script);
        if let Some(line) = own.options().next() {
            return Err(ConnectorError::invalid_task(format!(
                "the script has the option `{line}`: slurmrestd submits scripts without looking at their `#SBATCH` \
                 lines, so that it would have no effect. Say it in the task's settings, and take it out of the script"
            )));
        }
        Ok(match self.script.starts_with("#!") {
            true => self.script.clone(),
            // Slurm takes a script without one, and cannot start it (seen with 22.05.8).
            false => format!("#!/bin/bash\n{}", self.script),
        })
    }

    /// The folder, without a slash at its end.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it is not absolute, or Slurm would read it as a pattern.
    pub(crate) fn working_dir(&self) -> Result<&str> {
        let folder = self.working_dir.trim_end_matches('/');
        if !self.working_dir.starts_with('/') {
            return Err(ConnectorError::invalid_task(
                "`custom.working_dir` must be an absolute path on the cluster",
            ));
        }
        if folder.contains('%') {
            return Err(ConnectorError::invalid_task(
                "`custom.working_dir` may have no `%` in it, which Slurm replaces in the names of files",
            ));
        }
        Ok(folder)
    }

    /// What is asked of Slurm for a job of that name. Fields that nobody sets are not sent: some that the daemon
    /// documents have ended it (22.05.8).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: a variable's name is none, an input has no form as a variable, or what is asked for
    /// cannot be.
    pub(crate) fn job(
        &self,
        name: &str,
        files: [&str; 2],
        execution: BTreeMap<String, String>,
        inputs: &DynamicInputs,
    ) -> Result<Value> {
        let mut environment = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
        environment.extend(execution);
        let gpus = self.gpus().sent()?;
        // As sbatch would set it; the daemon sets that of `tasks` alone.
        let processors = self.cpus_per_task.map(|count| ("SLURM_CPUS_PER_TASK", count.to_string()));
        let of_sbatch = gpus.variables.into_iter().chain(processors);
        environment.extend(of_sbatch.map(|(name, value)| (name.to_owned(), value)));
        environment.extend(self.environment.clone());
        environment.extend(script::inputs(inputs)?);
        if let Some(odd) = environment.keys().find(|name| !script::is_name(name)) {
            return Err(ConnectorError::invalid_task(format!(
                "{odd:?} cannot be the name of an environment variable: letters, digits and `_` can"
            )));
        }
        let [stdout, stderr] = files;
        let mut job = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            job.extend(value.map(|value| (name.to_owned(), value)));
        };
        let text =
            |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(Value::from);
        let number = |number: Option<u32>| number.map(Value::from);
        set("name", Some(name.into()));
        set("environment", Some(json!(environment)));
        // Without it the job begins where the daemon was started.
        set("current_working_directory", Some(self.working_dir()?.into()));
        set("standard_output", Some(stdout.into()));
        set("standard_error", Some(stderr.into()));
        set("partition", text(&self.partition));
        set("account", text(&self.account));
        set("qos", text(&self.qos));
        set("reservation", text(&self.reservation));
        set("constraints", text(&self.constraints));
        set("dependency", text(&self.dependency));
        set("comment", text(&self.comment));
        set("nodes", number(self.nodes));
        set("tasks", number(self.tasks));
        set("cpus_per_task", number(self.cpus_per_task));
        set("memory_per_node", number(self.memory_per_node));
        set("time_limit", self.minutes()?.map(Value::from));
        job.extend(gpus.fields);
        Ok(Value::Object(job))
    }

    fn gpus(&self) -> Asked<'_> {
        Asked {
            gres: self.gres.as_deref(),
            gpus: self.gpus.as_ref(),
            gpus_per_node: self.gpus_per_node.as_ref(),
            gpus_per_task: self.gpus_per_task.as_ref(),
            cpus_per_gpu: self.cpus_per_gpu,
            memory_per_gpu: self.memory_per_gpu,
            tasks: self.tasks,
            cpus_per_task: self.cpus_per_task,
            memory_per_node: self.memory_per_node,
        }
    }

    /// Slurm's refusal, with the GPUs that it may mean: it does not say what of all it has not.
    pub(crate) fn explained(&self, refusal: ConnectorError) -> ConnectorError {
        match self.gpus().words() {
            Some(words) if has_no_such_node(&refusal) => ConnectorError::invalid_task(format!(
                "{refusal}. The task asks for {words}: no node of the partition has so many, of that type, or with as \
                 much beside them as it asks for. `sinfo -o '%P %N %G %c %m'` lists what there is"
            ))
            .with_source(refusal),
            _ => refusal,
        }
    }

    fn minutes(&self) -> Result<Option<u32>> {
        match self.time_limit {
            // Slurm takes it for no limit at all.
            Some(0) => Err(ConnectorError::invalid_task(
                "`custom.time_limit` must be a number of seconds from 1 on",
            )),
            limit => Ok(limit.map(|seconds| seconds.div_ceil(60))),
        }
    }
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::RestTask;

    fn read(more: Value) -> RestTask {
        let mut custom = json!({"script": "true\n", "working_dir": "/home/u/"});
        if let (Value::Object(custom), Value::Object(more)) = (&mut custom, more) {
            custom.extend(more);
        }
        RestTask::from_custom(json_to_struct(custom).unwrap()).unwrap()
    }

    fn job(task: &RestTask) -> Result<Value> {
        let inputs = DynamicInputs::from_iter([("n", literal::integer(7))]);
        task.job("flyte-a", ["/o", "/e"], [("RUN".to_owned(), "r".to_owned())].into(), &inputs)
    }

    #[test]
    fn what_is_said_is_sent_and_nothing_else() {
        let bare = job(&read(json!({}))).unwrap();
        let environment =
            json!({"PATH": "/usr/local/bin:/usr/bin:/bin", "RUN": "r", "FLYTE_INPUT_N": "7"});
        let expected = json!({
            "name": "flyte-a", "environment": environment, "current_working_directory": "/home/u",
            "standard_output": "/o", "standard_error": "/e",
        });
        assert_eq!(bare, expected);
        let all = read(json!({
            "partition": "p", "account": "a", "qos": "q", "reservation": "r", "constraints": "c", "nodes": 2,
            "tasks": 3, "cpus_per_task": 4, "memory_per_node": 5, "time_limit": 61, "dependency": "afterok:1",
            "comment": "", "environment": {"PATH": "/own"},
        }));
        let all = job(&all).unwrap();
        assert_eq!(
            (&all["time_limit"], &all["nodes"], &all["tasks"]),
            (&2.into(), &2.into(), &3.into())
        );
        assert_eq!(
            (&all["environment"]["PATH"], &all["constraints"]),
            (&"/own".into(), &"c".into())
        );
        assert_eq!(all.get("comment"), None);
    }

    #[test]
    fn gpus_go_along_with_the_variables_that_sbatch_sets() {
        let asked =
            json!({"gpus_per_task": "a100:2", "tasks": 2, "cpus_per_task": 3, "gres": "nic:1"});
        let sent = job(&read(asked.clone())).unwrap();
        assert_eq!((&sent["gpus_per_task"], &sent["gres"]), (&"a100:2".into(), &"nic:1".into()));
        let variables = &sent["environment"];
        assert_eq!(variables["SLURM_GPUS_PER_TASK"], "2");
        assert_eq!(variables["SLURM_CPUS_PER_TASK"], "3");
        let own = json!({"gpus": 2, "environment": {"SLURM_GPUS": "own"}});
        let sent = job(&read(own)).unwrap();
        assert_eq!(
            (&sent["gpus"], &sent["environment"]["SLURM_GPUS"]),
            (&"2".into(), &"own".into())
        );
        let both = job(&read(json!({"gpus": 1, "gpus_per_node": "a100:1"}))).unwrap_err();
        assert_eq!(both.kind(), ErrorKind::InvalidTask);

        let no = || ConnectorError::invalid_task("slurmrestd refused it (2014): not available");
        let told = read(asked).explained(no());
        assert!(
            told.message().contains("asks for `gres` nic:1 and `gpus_per_task` a100:2: no node"),
            "{told}"
        );
        assert_eq!(read(json!({})).explained(no()).message(), no().message(), "it asks for none");
        let other = ConnectorError::invalid_task("slurmrestd refused it (2000): no partition");
        let said = other.message().to_owned();
        assert_eq!(
            read(json!({"gpus": 1})).explained(other).message(),
            said,
            "about something else"
        );
    }

    #[test]
    fn what_would_have_no_effect_is_refused() {
        let script = |text: &str| read(json!({ "script": text })).script();
        assert_eq!(script("true\n").unwrap(), "#!/bin/bash\ntrue\n");
        assert_eq!(script("#!/usr/bin/env python3\n").unwrap(), "#!/usr/bin/env python3\n");
        assert!(
            script("#!/bin/sh\ntrue\n#SBATCH --time=1\n").is_ok(),
            "no option for sbatch, either"
        );
        let error = script("#!/bin/sh\n# mine\n#SBATCH --time=1\ntrue\n").unwrap_err();
        assert!(error.message().contains("`#SBATCH --time=1`"), "{error}");
        assert!(script(" \n").is_err());
        for odd in [
            json!({"time_limit": 0}),
            json!({"environment": {"A-B": "x"}}),
            json!({"working_dir": "jobs"}),
            json!({"working_dir": "/jobs/%u"}),
        ] {
            assert_eq!(
                job(&read(odd.clone())).unwrap_err().kind(),
                ErrorKind::InvalidTask,
                "{odd}"
            );
        }
    }
}
