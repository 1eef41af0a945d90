//! What the official task classes serialise: where the cluster is, what is asked of it, and what is run.
//! Beside these keys they write `secrets`, the names of secrets, which Flyte resolves before a task comes here.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use serde_json::Value;

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct SlurmTask {
    /// Where the cluster's login node is, and who logs in.
    #[config(default)]
    pub(crate) connection: LoginNode,
    /// What is asked of Slurm: `partition`, `nodes`, `ntasks`, `cpus_per_task`, `gres`, `gpus_per_node`,
    /// `mem`, `time_limit`, `account`, `qos`, `reservation`, `constraint`.
    #[config(default)]
    pub(crate) sbatch: BTreeMap<String, Value>,
    /// Further options of sbatch by their long names; `true` is an option without a value.
    #[config(default)]
    pub(crate) sbatch_options: BTreeMap<String, Value>,
    /// How a task's image is run on the cluster.
    #[config(default)]
    pub(crate) container: Container,
    /// Environment variables of the job.
    #[config(default)]
    pub(crate) env: BTreeMap<String, Value>,
    /// Environment modules to load first.
    #[config(default)]
    pub(crate) modules: Vec<String>,
    /// Where scripts and logs are on the cluster; relative to the home directory. Default `.flyte/jobs`.
    pub(crate) working_dir: Option<String>,
    /// The batch script of a `slurm_script` task.
    pub(crate) script: Option<String>,
    /// What the script writes: names, and for each `file` or `directory`.
    #[config(default)]
    pub(crate) outputs: BTreeMap<String, String>,
    /// Who brings outputs to Flyte's storage: `connector` (default) or `job`.
    pub(crate) output_upload: Option<String>,
    /// Of tasks of Flyte 1, in the place of `connection`: `host` and `username`. Its `client_keys` are not read.
    #[config(default)]
    pub(crate) ssh_config: BTreeMap<String, Value>,
    /// Of tasks of Flyte 1, in the place of `sbatch`: options by their long names.
    #[config(default)]
    pub(crate) sbatch_config: BTreeMap<String, Value>,
    /// Of tasks of Flyte 1: a script that is on the cluster.
    pub(crate) batch_script_path: Option<String>,
    /// Of tasks of Flyte 1: the script's arguments.
    #[config(default)]
    pub(crate) batch_script_args: Vec<String>,
}

/// Where the login node is, and who logs in.
#[derive(Debug, Clone, Default, FlyteType)]
pub(crate) struct LoginNode {
    /// Its name or address.
    pub(crate) host: Option<String>,
    /// The port of its SSH server. Default 22.
    pub(crate) port: Option<u16>,
    /// The user that jobs run as.
    pub(crate) username: Option<String>,
    /// A file of this service with the keys of known hosts.
    pub(crate) known_hosts: Option<String>,
    /// Not obeyed: the operator alone can turn the check off.
    pub(crate) skip_host_key_verification: Option<bool>,
}

/// How an image is run.
#[derive(Debug, Clone, Default, FlyteType)]
pub(crate) struct Container {
    /// `pyxis` (default) or `apptainer`.
    pub(crate) runtime: Option<String>,
    /// Further arguments of the runtime.
    #[flyte(default)]
    pub(crate) args: Vec<String>,
    /// An image in place of the task's own.
    pub(crate) image: Option<String>,
    /// What is mounted, as `source:target`.
    #[flyte(default)]
    pub(crate) mounts: Vec<String>,
    /// The working directory in the container.
    pub(crate) workdir: Option<String>,
    /// Further arguments of srun.
    #[flyte(default)]
    pub(crate) srun_args: Vec<String>,
}

/// A value of the settings as the text that Python's `str` makes of it.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: it is a list or a map.
pub(crate) fn text(name: &str, value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok("None".to_owned()),
        Value::Array(_) | Value::Object(_) => Err(ConnectorError::invalid_task(format!(
            "`{name}` must be a text or a number, not a list or a map"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::json;

    use super::SlurmTask;

    #[test]
    fn what_the_official_classes_write_is_read() {
        let custom = json!({
            "connection": {"host": "login", "port": 2222.0, "username": "u", "more": 1.0},
            "sbatch": {"nodes": 2.0, "mem": "1G"}, "sbatch_options": {"exclusive": true},
            "container": {"runtime": "pyxis", "args": [], "image": null, "mounts": ["/a:/a"], "workdir": null,
                          "srun_args": []},
            "env": {"A": "b"}, "modules": ["apptainer"], "secrets": {"ssh_private_key": "k"},
            "outputs": {"m": "file"}, "output_upload": "job", "script": "true",
        });
        let task = SlurmTask::from_custom(json_to_struct(custom).unwrap()).unwrap();
        assert_eq!(task.connection.port, Some(2222));
        assert_eq!(task.sbatch["nodes"].to_string(), "2");
        assert_eq!(task.container.mounts, ["/a:/a"]);
        assert_eq!(task.container.image, None);
        assert_eq!(task.outputs["m"], "file");

        let bare = SlurmTask::from_custom(json_to_struct(json!({"container": null})).unwrap());
        assert_eq!(bare.unwrap().connection.host, None);
    }
}
