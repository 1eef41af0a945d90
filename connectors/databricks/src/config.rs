//! What the official task class serialises, as far as a run is made of it. Beside these keys it writes
//! `executorPath`, `mainApplicationFile` and pods for Spark on Kubernetes, which mean nothing here.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use serde_json::{Map, Value, json};

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct RunTask {
    /// The request of Databricks' `jobs/runs/submit`, as its documentation has it: a cluster or
    /// serverless environments, and either one task or `tasks`. Where it names no code, the task's own
    /// function is run.
    #[config(rename = "databricksConf")]
    conf: Option<Value>,
    /// The host of the workspace, such as `myorg.cloud.databricks.com`.
    #[config(rename = "databricksInstance")]
    pub(crate) instance: Option<String>,
    /// Spark's configuration, for new clusters that have none of their own.
    #[config(rename = "sparkConf")]
    spark: Option<BTreeMap<String, String>>,
    /// Hadoop's configuration, for new clusters without a configuration of Spark of their own.
    #[config(rename = "hadoopConf")]
    hadoop: Option<BTreeMap<String, String>>,
    /// A notebook that is run instead of the function, as tasks of Flyte 1 name it.
    #[config(rename = "notebookPath")]
    notebook_path: Option<String>,
    /// Its parameters.
    #[config(rename = "notebookBaseParameters")]
    notebook_parameters: Option<BTreeMap<String, String>>,
    /// Whose credentials the function of a serverless task of Flyte 1 takes to reach storage.
    #[config(rename = "databricksServiceCredentialProvider")]
    pub(crate) credential_provider: Option<String>,
    /// The client that Flyte 1's connector would sign in as, which its metadata keep.
    #[config(rename = "databricksClientId")]
    pub(crate) client_id: Option<String>,
    /// Where that connector would look for the client's secret, which its metadata keep.
    #[config(rename = "databricksOauthSecret")]
    pub(crate) oauth_secret: Option<String>,
}

impl RunTask {
    /// The request as the task's author wrote it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is none, or it is no object.
    pub(crate) fn request(&self) -> Result<Map<String, Value>> {
        match &self.conf {
            Some(Value::Object(request)) => {
                let mut request = request.clone();
                request.retain(|_, value| !value.is_null());
                Ok(request)
            }
            Some(_) => {
                Err(ConnectorError::invalid_task("`custom.databricksConf` must be an object"))
            }
            None => Err(ConnectorError::invalid_task(
                "Missing Databricks job configuration in task template: give \
                 `Databricks(databricks_conf={…})` what `jobs/runs/submit` takes",
            )),
        }
    }

    /// The task of a notebook, if the task names one beside its request.
    pub(crate) fn notebook(&self, from_git: bool) -> Option<Value> {
        let path = self.notebook_path.as_deref().filter(|path| !path.is_empty())?;
        let mut notebook = Map::from_iter([("notebook_path".to_owned(), path.into())]);
        if let Some(parameters) = self.notebook_parameters.as_ref().filter(|it| !it.is_empty()) {
            notebook.insert("base_parameters".to_owned(), json!(parameters));
        }
        if from_git {
            notebook.insert("source".to_owned(), "GIT".into());
        }
        Some(notebook.into())
    }

    /// Spark's configuration with Hadoop's in it, under the names by which Spark hands it on.
    pub(crate) fn spark_conf(&self) -> Map<String, Value> {
        let hadoop = self.hadoop.iter().flatten();
        let hadoop = hadoop.map(|(name, value)| (format!("spark.hadoop.{name}"), value));
        let spark = self.spark.iter().flatten().map(|(name, value)| (name.clone(), value));
        hadoop.chain(spark).map(|(name, value)| (name, value.as_str().into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::RunTask;

    fn read(custom: Value) -> Result<RunTask> {
        RunTask::from_custom(json_to_struct(custom).unwrap())
    }

    #[test]
    fn numbers_are_whole_again_and_strangers_are_left() {
        let task = read(json!({
            "databricksConf": {"new_cluster": {"num_workers": 2.0, "share": 0.5}, "timeout_seconds": 3600.0,
                               "existing_cluster_id": null},
            "databricksInstance": "a.example", "executorPath": "/opt/venv/bin/python", "secrets": null,
            "driverPod": {"podSpec": {}}, "sparkConf": {"a": "1"}, "hadoopConf": {"b": "2"},
        }));
        let task = task.unwrap();
        assert_eq!(
            Value::Object(task.request().unwrap()).to_string(),
            r#"{"new_cluster":{"num_workers":2,"share":0.5},"timeout_seconds":3600}"#
        );
        assert_eq!(task.instance.as_deref(), Some("a.example"));
        assert_eq!(Value::Object(task.spark_conf()), json!({"a": "1", "spark.hadoop.b": "2"}));
    }

    #[test]
    fn a_missing_configuration_is_told() {
        for custom in [json!({}), json!({"databricksConf": null}), json!({"databricksConf": "x"})] {
            let error = read(custom).unwrap().request().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
        }
    }
}
