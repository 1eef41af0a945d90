//! The body of `jobs/runs/submit`: what the task's author wrote, and what Flyte needs to run the task's
//! function where the author named no code. What the author wrote is never written over.

mod program;

use connector_core::Flyte;
use connector_core::prelude::*;
use serde_json::{Map, Value, json};

use crate::config::RunTask;
use program::Program;

/// The key of the task that a single one becomes, and of one that Flyte 1 names a notebook for.
const ONLY_TASK: &str = "flyte_task";
const ONLY_NOTEBOOK: &str = "flyte_notebook_task";
/// The key of the environment that is meant where none is named.
const DEFAULT_ENVIRONMENT: &str = "default";

type Object = Map<String, Value>;

/// The body for that task of that Flyte. The provider is the operator's, of credentials for serverless tasks
/// of Flyte 1 that name none.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: there is no configuration, or it says not where or not what to run.
pub(crate) fn body(
    task: &RunTask,
    container: Option<&pb::Container>,
    flyte: Flyte,
    provider: Option<&str>,
) -> Result<Object> {
    let mut body = task.request()?;
    let notebook = task.notebook(body.contains_key("git_source"));
    let key = if notebook.is_some() { ONLY_NOTEBOOK } else { ONLY_TASK };
    if let Some(notebook) = notebook {
        body.insert("notebook_task".to_owned(), notebook);
    }
    let serverless = is_serverless(&body);
    let provider = task.credential_provider.as_deref().or(provider);
    let program = Program::of(flyte, &mut body, serverless, provider);
    let flyte = FlyteTask { container, spark_conf: task.spark_conf(), program };
    if serverless {
        as_tasks(&mut body, key);
    }
    flyte.name_code(&mut body)?;
    flyte.prepare_clusters(&mut body);
    Ok(body)
}

/// Whether the single task is to run in an environment. Such a task exists in the form of several only.
fn is_serverless(body: &Object) -> bool {
    let has = |name: &str| body.contains_key(name);
    (has("environments") || has("environment_key"))
        && !(has("existing_cluster_id") || has("new_cluster") || has("tasks"))
}

/// Makes the single task one of a list, in its environment.
fn as_tasks(body: &mut Object, task_key: &str) {
    let key = body.remove("environment_key").unwrap_or_else(|| DEFAULT_ENVIRONMENT.into());
    if let Some(environments) =
        body.entry("environments").or_insert_with(|| json!([])).as_array_mut()
        && !environments.iter().any(|environment| environment.get("environment_key") == Some(&key))
    {
        environments.push(json!({"environment_key": key, "spec": {"client": "1"}}));
    }
    let mut task = Object::from_iter([("task_key".to_owned(), task_key.into())]);
    task.insert("environment_key".to_owned(), key);
    let code: Vec<String> = body.keys().filter(|key| is_code(key)).cloned().collect();
    task.extend(code.into_iter().filter_map(|name| body.remove_entry(&name)));
    body.insert("tasks".to_owned(), json!([task]));
}

/// Whether a member of a task says what it runs: `notebook_task`, `spark_jar_task`, `sql_task` …
fn is_code(name: &str) -> bool {
    name.ends_with("_task")
}

fn names_code(task: &Object) -> bool {
    task.iter().any(|(name, value)| is_code(name) && value.is_object())
}

/// The task that is to run the function: the single one, or the one of several that names no code.
fn without_code(body: &mut Object) -> Result<Option<&mut Object>> {
    if !body.contains_key("tasks") {
        if names_code(body) {
            return Ok(None);
        }
        if !body.contains_key("existing_cluster_id") && !body.contains_key("new_cluster") {
            return Err(ConnectorError::invalid_task(
                "Either existing_cluster_id or new_cluster must be specified in `databricks_conf`, or \
                 `environments` for serverless compute",
            ));
        }
        return Ok(Some(body));
    }
    let tasks = body.get_mut("tasks").and_then(Value::as_array_mut).into_iter().flatten();
    let tasks = tasks.filter_map(Value::as_object_mut).filter(|task| !names_code(task));
    let mut tasks: Vec<&mut Object> = tasks.collect();
    if tasks.len() > 1 {
        return Err(ConnectorError::invalid_task(format!(
            "{} of the `tasks` in `databricks_conf` name no code, and the task's function runs once only: \
             give the others a `notebook_task`, `spark_python_task` or another",
            tasks.len()
        )));
    }
    Ok(tasks.pop())
}

/// What Flyte brings to a run.
struct FlyteTask<'a> {
    container: Option<&'a pb::Container>,
    spark_conf: Object,
    program: Program,
}

impl FlyteTask<'_> {
    /// Has the task's function run where the author named no code.
    fn name_code(&self, body: &mut Object) -> Result<()> {
        let Some(task) = without_code(body)? else { return Ok(()) };
        let container = self.container.ok_or_else(|| {
            ConnectorError::invalid_task(
                "the task has no function to run, and its `databricks_conf` names no code either: give it a \
                 `notebook_task`, `spark_jar_task`, `python_wheel_task`, `sql_task` or another",
            )
        })?;
        task.insert("spark_python_task".to_owned(), self.program.task(&container.args));
        let its_cluster = task.get("job_cluster_key").cloned();
        if let Some(cluster) = task.get_mut("new_cluster") {
            self.set_image(cluster);
        }
        let shared = body.get_mut("job_clusters").and_then(Value::as_array_mut);
        for cluster in shared.into_iter().flatten() {
            if its_cluster.is_some()
                && cluster.get("job_cluster_key") == its_cluster.as_ref()
                && let Some(cluster) = cluster.get_mut("new_cluster")
            {
                self.set_image(cluster);
            }
        }
        body.entry("git_source").or_insert_with(|| self.program.repository());
        Ok(())
    }

    /// Gives every new cluster, and every environment, what the container would have had.
    fn prepare_clusters(&self, body: &mut Object) {
        // Whatever runs on it: so does the official connector.
        if let Some(cluster) = body.get_mut("new_cluster") {
            self.set_image(cluster);
        }
        new_clusters(body, &mut |cluster| self.prepare(cluster));
        let environments = body.get_mut("environments").and_then(Value::as_array_mut);
        for environment in environments.into_iter().flatten().filter_map(Value::as_object_mut) {
            let spec = environment.entry("spec").or_insert_with(|| json!({}));
            self.set_variables(spec, "environment_vars");
        }
    }

    fn prepare(&self, cluster: &mut Value) {
        let Some(settings) = cluster.as_object_mut() else { return };
        if settings.get("docker_image").is_some_and(Value::is_null) {
            settings.remove("docker_image");
        }
        if is_empty(settings.get("spark_conf")) {
            settings.insert("spark_conf".to_owned(), self.spark_conf.clone().into());
        }
        self.set_variables(cluster, "spark_env_vars");
    }

    /// The task's image, unless the author named one, or said by null that there is to be none.
    fn set_image(&self, cluster: &mut Value) {
        let Some(image) = self.container.map(|container| container.image.as_str()) else { return };
        let Some(cluster) = cluster.as_object_mut() else { return };
        let none = cluster.get("docker_image").is_some_and(Value::is_null);
        if !image.is_empty() && !none && is_empty(cluster.get("docker_image")) {
            cluster.insert("docker_image".to_owned(), json!({"url": image}));
        }
    }

    /// The task's variables; of one that the author set there, too, the task's counts.
    fn set_variables(&self, holder: &mut Value, name: &str) {
        let Some(container) = self.container else { return };
        let Some(holder) = holder.as_object_mut() else { return };
        let variables = holder.entry(name).or_insert_with(|| json!({}));
        if variables.is_null() {
            *variables = json!({});
        }
        if let Some(variables) = variables.as_object_mut() {
            let env =
                container.env.iter().map(|pair| (pair.key.clone(), pair.value.as_str().into()));
            variables.extend(env);
            let own = self.program.variable;
            variables.extend(own.map(|(name, value)| (name.to_owned(), value.into())));
        }
    }
}

/// Shows every new cluster of a request: its own, those that its tasks share, those of its tasks.
fn new_clusters(body: &mut Object, see: &mut impl FnMut(&mut Value)) {
    if let Some(cluster) = body.get_mut("new_cluster") {
        see(cluster);
    }
    for list in ["job_clusters", "tasks"] {
        let holders = body.get_mut(list).and_then(Value::as_array_mut);
        for holder in holders.into_iter().flatten().filter_map(Value::as_object_mut) {
            new_clusters(holder, see);
            // One task for each of several values.
            if let Some(Value::Object(each)) =
                holder.get_mut("for_each_task").and_then(|each| each.get_mut("task"))
            {
                new_clusters(each, see);
            }
        }
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(members)) => members.is_empty(),
        Some(_) => false,
    }
}

/// Whether variables of the task reach no cluster, because it runs on one that is there already.
pub(crate) fn loses_variables(body: &Object, container: Option<&pb::Container>) -> bool {
    let on_existing = |task: &Object| task.contains_key("existing_cluster_id");
    let tasks = body.get("tasks").and_then(Value::as_array).into_iter().flatten();
    container.is_some_and(|container| !container.env.is_empty())
        && (on_existing(body) || tasks.filter_map(Value::as_object).any(on_existing))
}

#[cfg(test)]
mod tests;
