//! What a task brings: the command, what it needs, and where it runs.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use connector_http::Url;
use serde_json::{Map, Value};

use crate::code::Code;
use crate::entrypoint;

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct RayTask {
    /// The command, as a shell takes it, such as `python train.py --epochs 3`.
    entrypoint: String,
    /// The dashboard of the cluster, such as `http://ray.example:8265`. Default: the operator's.
    address: Option<String>,
    /// Ray's runtime environment, as its documentation has it: `env_vars`, `pip`, `working_dir` (an address that Ray
    /// can read, such as `s3://…/code.zip`), and others.
    runtime_env: Option<Value>,
    /// A zip archive of up to 512 KiB, written in base64, whose files are the working directory of the command. For
    /// larger ones give `working_dir` in `runtime_env`.
    working_dir_zip: Option<String>,
    /// Names and texts that are kept with the job.
    metadata: Option<BTreeMap<String, String>>,
    /// Processors that are set aside for the command itself. A job that asks for none starts at once, on the head
    /// node.
    entrypoint_num_cpus: Option<f64>,
    /// GPUs that are set aside for the command itself.
    entrypoint_num_gpus: Option<f64>,
    /// Memory that is set aside for the command itself, in bytes.
    entrypoint_memory: Option<u64>,
    /// Ray's custom resources for the command itself, such as `{"tpu": 1}`.
    entrypoint_resources: Option<BTreeMap<String, f64>>,
    /// After so many seconds of running the command and what it started are ended: SIGTERM, and SIGKILL 10 s later.
    /// Waiting does not count.
    time_limit: Option<u64>,
    /// Whether what the command left running in the background ends with it. Ray's own jobs, actors and services are
    /// not meant by it.
    #[config(default = true)]
    end_children: bool,
}

/// How the cluster knows who calls.
#[derive(Debug, Clone, Default, TaskConnection)]
pub struct Access {
    /// The token of a cluster with `RAY_AUTH_MODE=token`; others need none.
    #[secret]
    pub(crate) ray_token: Option<Secret>,
}

impl Access {
    /// What the operator lends, for calls that bring no connection.
    pub(crate) fn of_operator(settings: &Settings) -> Self {
        Self { ray_token: settings.secret("ray_token") }
    }
}

/// Reads the address of a dashboard.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: it is none; it is not repeated, as it may have a password in it.
pub(crate) fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text.trim()).ok().filter(|url| {
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty() && url.password().is_none();
        is_web && is_bare && url.query().is_none() && url.fragment().is_none()
    });
    url.ok_or_else(|| {
        ConnectorError::invalid_task(
            "the address is no URL of a dashboard; write it as `http://HOST:8265` or `https://HOST`, and give a \
             token as the secret `ray_token`",
        )
    })
}

impl RayTask {
    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_deref().filter(|address| !address.trim().is_empty())
    }

    pub(crate) const fn time_limit(&self) -> Option<u64> {
        self.time_limit
    }

    /// The archive that the task carries.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it is none, or too large.
    pub(crate) fn code(&self) -> Result<Option<Code>> {
        self.working_dir_zip.as_deref().map(Code::read).transpose()
    }

    /// The body of the submission.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: a setting makes no sense.
    pub(crate) fn submission(
        &self,
        submission_id: &str,
        code: Option<&Code>,
    ) -> Result<Map<String, Value>> {
        let entrypoint = self.guarded()?;
        let runtime_env = self.environment(code)?;
        let mut body = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        set("entrypoint", Some(entrypoint.into()));
        set("submission_id", Some(submission_id.into()));
        set("runtime_env", runtime_env);
        set("metadata", self.metadata.as_ref().map(object));
        set("entrypoint_num_cpus", amount("entrypoint_num_cpus", self.entrypoint_num_cpus)?);
        set("entrypoint_num_gpus", amount("entrypoint_num_gpus", self.entrypoint_num_gpus)?);
        set("entrypoint_memory", self.entrypoint_memory.map(Value::from));
        for (name, value) in self.entrypoint_resources.iter().flatten() {
            amount(name, Some(*value))?;
        }
        set("entrypoint_resources", self.entrypoint_resources.as_ref().map(object));
        Ok(body)
    }

    fn environment(&self, code: Option<&Code>) -> Result<Option<Value>> {
        let mut environment = match &self.runtime_env {
            None | Some(Value::Null) => None,
            Some(Value::Object(given)) => Some(given.clone()),
            Some(_) => return Err(invalid("`runtime_env` must be an object")),
        };
        if let Some(code) = code {
            let environment = environment.get_or_insert_default();
            if environment.insert("working_dir".to_owned(), code.uri().into()).is_some() {
                return Err(invalid(
                    "there are two working directories: `working_dir_zip`, and `working_dir` in `runtime_env`",
                ));
            }
        }
        Ok(environment.map(Value::Object))
    }

    fn guarded(&self) -> Result<String> {
        if self.entrypoint.trim().is_empty() {
            return Err(invalid("`entrypoint` is empty; give the command to run"));
        }
        if self.entrypoint.contains('\0') {
            return Err(invalid("`entrypoint` has a NUL character, which no command can have"));
        }
        if self.time_limit == Some(0) {
            return Err(invalid("`time_limit` is 0; leave it out for none, or give seconds"));
        }
        Ok(entrypoint::guarded(&self.entrypoint, self.time_limit, self.end_children))
    }
}

fn invalid(text: &str) -> ConnectorError {
    ConnectorError::invalid_task(text)
}

fn amount(name: &str, value: Option<f64>) -> Result<Option<Value>> {
    match value {
        Some(value) if !value.is_finite() || value < 0.0 => {
            Err(invalid(&format!("`{name}` must be 0 or more, not {value}")))
        }
        value => Ok(value.map(Value::from)),
    }
}

fn object<V: Clone + Into<Value>>(given: &BTreeMap<String, V>) -> Value {
    given.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::{Code, RayTask, address};

    fn read(custom: Value) -> Result<RayTask> {
        RayTask::from_custom(json_to_struct(custom).unwrap())
    }

    #[test]
    fn everything_that_ray_takes_is_passed_on() {
        let task = read(json!({
            "entrypoint": "python a.py", "runtime_env": {"env_vars": {"A": "1"}, "pip": ["x==1"]},
            "metadata": {"team": "films"}, "entrypoint_num_cpus": 1.5, "entrypoint_num_gpus": 0,
            "entrypoint_memory": 1_000_000, "entrypoint_resources": {"tpu": 2}, "end_children": false,
        }));
        let body = Value::Object(task.unwrap().submission("flyte-1", None).unwrap());
        assert_eq!(
            body,
            json!({
                "entrypoint": "sleep 1 || exit\npython a.py", "submission_id": "flyte-1",
                "runtime_env": {"env_vars": {"A": "1"}, "pip": ["x==1"]}, "metadata": {"team": "films"},
                "entrypoint_num_cpus": 1.5, "entrypoint_num_gpus": 0.0, "entrypoint_memory": 1_000_000,
                "entrypoint_resources": {"tpu": 2.0},
            })
        );
        let bare =
            read(json!({"entrypoint": "true"})).unwrap().submission("flyte-2", None).unwrap();
        assert_eq!(bare.keys().collect::<Vec<_>>(), ["entrypoint", "submission_id"]);
    }

    #[test]
    fn an_archive_is_the_working_directory() {
        let code = Code { package: "_ray_pkg_7.zip".to_owned(), archive: Vec::new() };
        let task = |custom| read(custom).unwrap().submission("flyte-1", Some(&code));
        let body = task(json!({"entrypoint": "a"})).unwrap();
        assert_eq!(body["runtime_env"], json!({"working_dir": "gcs://_ray_pkg_7.zip"}));
        let body = task(json!({"entrypoint": "a", "runtime_env": {"pip": ["x"]}})).unwrap();
        assert_eq!(
            body["runtime_env"],
            json!({"pip": ["x"], "working_dir": "gcs://_ray_pkg_7.zip"})
        );
        let two = json!({"entrypoint": "a", "runtime_env": {"working_dir": "s3://b/c.zip"}});
        assert!(task(two).unwrap_err().message().contains("two working directories"));
    }

    #[test]
    fn what_makes_no_sense_is_told_before_ray_is_asked() {
        for (custom, word) in [
            (json!({"entrypoint": " "}), "entrypoint"),
            (json!({"entrypoint": "a\0b"}), "NUL"),
            (json!({"entrypoint": "a", "runtime_env": "pip"}), "runtime_env"),
            (json!({"entrypoint": "a", "entrypoint_num_cpus": -1}), "entrypoint_num_cpus"),
            (json!({"entrypoint": "a", "entrypoint_resources": {"tpu": -1}}), "tpu"),
            (json!({"entrypoint": "a", "time_limit": 0}), "time_limit"),
        ] {
            let error = read(custom).unwrap().submission("flyte-1", None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains(word), "{error}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_not_repeated() {
        assert_eq!(address(" http://ray:8265 ").unwrap().as_str(), "http://ray:8265/");
        assert_eq!(address("https://a.example/ray/one").unwrap().path(), "/ray/one");
        for text in ["", "ray:8265", "http://", "http://u:hunter2@ray", "http://ray?t=hunter2"] {
            let error = address(text).unwrap_err();
            assert!(!error.message().contains("hunter2"), "{error}");
        }
    }
}
