//! What a task says: which jar is run, where, and how.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use connector_core::prelude::*;
use serde_json::{Map, Value};

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct JarTask {
    /// Where the session's REST API is, such as `http://flink-jobmanager:8081`; without it, where the operator's
    /// setting says.
    pub(crate) url: Option<String>,
    /// A jar in the folder that the operator's setting `jar_folder` names. It is uploaded for the job, and
    /// deleted once the job is there.
    jar: Option<String>,
    /// A jar that was uploaded to the session before, by the id that Flink lists: `UUID_name.jar`.
    jar_id: Option<String>,
    /// The class with the `main`, if the jar's manifest does not name it.
    entry_class: Option<String>,
    /// Arguments of the `main`.
    program_args: Option<Vec<String>>,
    /// How many parallel parts of each operator there are, if not as many as the session's default.
    parallelism: Option<i64>,
    /// The savepoint that the job goes on from.
    savepoint_path: Option<String>,
    /// A folder that Flink can write to, such as `s3://bucket/savepoints`: a cancelled job is stopped with a savepoint
    /// there, and without one if Flink cannot make any.
    savepoint_on_cancel: Option<String>,
    /// Whether state in the savepoint may be left that no operator wants.
    #[config(default)]
    allow_non_restored_state: bool,
    /// Flink's configuration for this job, such as `{"restart-strategy.type": "none"}`.
    configuration: Option<BTreeMap<String, String>>,
    /// How many seconds the job may take from its start; a longer one is cancelled, and the task fails.
    time_limit: Option<i64>,
}

/// Where the code of a job is.
#[derive(Debug)]
pub(crate) enum Jar<'a> {
    /// In a file of this machine.
    File(PathBuf),
    /// In the session already.
    Uploaded(&'a str),
}

impl JarTask {
    /// The jar, if it is a file, in that folder.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: none is named, or two, or one that is not in the folder.
    pub(crate) fn jar(&self, folder: Option<&Path>) -> Result<Jar<'_>> {
        let invalid = |text: &str| Err(ConnectorError::invalid_task(text));
        let named = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
        match (&self.jar, &self.jar_id, folder) {
            _ if named(&self.jar) == named(&self.jar_id) => invalid(
                "give either `jar`, a file in the operator's folder, or `jar_id`, which Flink lists",
            ),
            (_, Some(id), _) if named(&self.jar_id) => Ok(Jar::Uploaded(id)),
            (Some(_), _, None) => invalid(
                "`custom.jar` is a file in a folder that the operator names, who has named none: have \
                 CONNECTOR__FLINK_JOB__JAR_FOLDER set, or give a `jar_id`",
            ),
            (Some(jar), _, Some(folder)) => {
                let inside =
                    Path::new(jar).components().all(|part| matches!(part, Component::Normal(_)));
                match inside {
                    true => Ok(Jar::File(folder.join(jar))),
                    false => invalid("`custom.jar` must be a path inside the operator's folder"),
                }
            }
            _ => invalid("no jar is named"),
        }
    }

    /// The request that runs the jar as that job.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: a number is out of its range.
    pub(crate) fn request(&self, job_id: &str) -> Result<Map<String, Value>> {
        let mut request = Map::new();
        request.insert("jobId".to_owned(), job_id.into());
        // Flink ignores what it does not know, so that `programArgs`, which it once had, would be lost.
        let args = self.program_args.clone().unwrap_or_default();
        request.insert("programArgsList".to_owned(), args.into());
        let texts = [("entryClass", &self.entry_class), ("savepointPath", &self.savepoint_path)];
        for (name, value) in texts {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                request.insert(name.to_owned(), value.into());
            }
        }
        if self.allow_non_restored_state {
            request.insert("allowNonRestoredState".to_owned(), true.into());
        }
        if let Some(parallelism) = self.parallelism {
            let parallelism = positive("parallelism", parallelism)?;
            request.insert("parallelism".to_owned(), parallelism.into());
        }
        if let Some(configuration) = &self.configuration {
            let members = configuration.iter();
            let members: Map<_, _> =
                members.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            request.insert("flinkConfiguration".to_owned(), members.into());
        }
        Ok(request)
    }

    /// Where the savepoint of a cancel belongs, if there is to be one.
    pub(crate) fn savepoint_on_cancel(&self) -> Option<String> {
        self.savepoint_on_cancel.clone().filter(|folder| !folder.is_empty())
    }

    /// How long the job may take, in seconds.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it is no span of time.
    pub(crate) fn time_limit(&self) -> Result<Option<u64>> {
        self.time_limit.map(|seconds| positive("time_limit", seconds)).transpose()
    }
}

fn positive(name: &str, number: i64) -> Result<u64> {
    u64::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| {
        ConnectorError::invalid_task(format!("`custom.{name}` must be a number from 1 on"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::{Jar, JarTask};

    fn read(custom: Value) -> JarTask {
        JarTask::from_custom(json_to_struct(custom).unwrap()).unwrap()
    }

    #[test]
    fn a_jar_is_in_the_folder_or_in_the_session() {
        let folder = Some(Path::new("/jars"));
        let task = read(json!({"jar": "a/b.jar"}));
        assert!(
            matches!(task.jar(folder), Ok(Jar::File(path)) if path == Path::new("/jars/a/b.jar"))
        );
        assert!(task.jar(None).unwrap_err().message().contains("JAR_FOLDER"));
        let task = read(json!({"jar_id": "x_b.jar"}));
        assert!(matches!(task.jar(None), Ok(Jar::Uploaded("x_b.jar"))));
        for custom in [
            json!({}),
            json!({"jar": "a.jar", "jar_id": "b.jar"}),
            json!({"jar": "../a.jar"}),
            json!({"jar": "/etc/passwd"}),
            json!({"jar": "a/../../b"}),
        ] {
            let error = read(custom.clone()).jar(folder).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask, "{custom}");
        }
    }

    #[test]
    fn a_request_has_what_flink_reads() {
        let task = read(json!({
            "entry_class": "a.B", "program_args": ["x", "y z"], "parallelism": 2, "savepoint_path": "s3://s",
            "allow_non_restored_state": true, "configuration": {"restart-strategy.type": "none"},
        }));
        let request = json!({
            "jobId": "7", "programArgsList": ["x", "y z"], "entryClass": "a.B", "savepointPath": "s3://s",
            "allowNonRestoredState": true, "parallelism": 2,
            "flinkConfiguration": {"restart-strategy.type": "none"},
        });
        assert_eq!(Value::Object(task.request("7").unwrap()), request);
        for custom in [json!({"parallelism": 0}), json!({"parallelism": -1})] {
            assert!(read(custom).request("7").is_err());
        }
        assert!(read(json!({"time_limit": 0})).time_limit().is_err());
    }
}
