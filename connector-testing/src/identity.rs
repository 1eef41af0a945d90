//! How an attempt is named on the wire: execution, node, attempt, output prefix, labels.
//! `attempt` and the harness fill their create requests from here; a repeated create of one attempt has equal names,
//! the next attempt has new ones.

use std::path::Path;

use connector_core::TaskExecution;
use connector_core::pb as core_pb;
use connector_service::pb;

use crate::task::Task;

const PROJECT: &str = "flytesnacks";
const DOMAIN: &str = "development";
const ORG: &str = "local";
const ACTION: &str = "a0";

/// The names of one attempt.
#[derive(Debug, Clone)]
pub(crate) struct AttemptName<'a> {
    /// The run, which no other task of the executor shares.
    pub(crate) run: &'a str,
    /// Counted from 0.
    pub(crate) number: u32,
}

impl AttemptName<'_> {
    /// Where the attempt's outputs belong: in that folder, or in a bucket that does not exist.
    pub(crate) fn output_prefix(&self, folder: Option<&Path>) -> String {
        let Self { run, number } = self;
        // The executor spreads prefixes over two letters.
        let shard: u32 = run.bytes().map(u32::from).sum::<u32>() % 1296;
        let digit = |n: u32| char::from_digit(n, 36).unwrap_or('0');
        let shard = [digit(shard / 36), digit(shard % 36)].map(String::from).concat();
        let base = match folder {
            Some(folder) => format!("file://{}", folder.display()),
            None => "s3://fake-executor".to_owned(),
        };
        format!("{base}/{shard}/{run}/{ACTION}/{number}")
    }

    /// The create request of the attempt, with the inputs in that order.
    pub(crate) fn request(
        &self,
        task: &Task,
        inputs: Vec<core_pb::task::NamedLiteral>,
        output_prefix: &str,
    ) -> pb::CreateTaskRequest {
        pb::CreateTaskRequest {
            inputs: Some(core_pb::task::Inputs { literals: inputs, context: Vec::new() }),
            template: Some(Box::new(task.template.clone())),
            output_prefix: output_prefix.to_owned(),
            task_execution_metadata: Some(Box::new(self.metadata(&task.template))),
            connection: Some(task.connection.clone()),
        }
    }

    /// What the executor tells about the attempt, in the message of its service.
    fn metadata(&self, template: &core_pb::TaskTemplate) -> pb::TaskExecutionMetadata {
        let execution = self.execution(template);
        pb::TaskExecutionMetadata {
            task_execution_id: execution.id,
            namespace: execution.namespace,
            labels: execution.labels,
            annotations: execution.annotations,
            k8s_service_account: execution.k8s_service_account,
            environment_variables: execution.environment_variables,
            max_attempts: execution.max_attempts,
            interruptible: execution.interruptible,
            interruptible_failure_threshold: execution.interruptible_failure_threshold,
            identity: execution.identity,
        }
    }

    /// What the executor tells about the attempt. Fields it leaves empty are empty here.
    pub(crate) fn execution(&self, template: &core_pb::TaskTemplate) -> TaskExecution {
        let Self { run, number } = self;
        let execution_id = core_pb::WorkflowExecutionIdentifier {
            project: PROJECT.to_owned(),
            domain: DOMAIN.to_owned(),
            name: (*run).to_owned(),
            org: ORG.to_owned(),
        };
        let node_execution_id = core_pb::NodeExecutionIdentifier {
            node_id: ACTION.to_owned(),
            execution_id: Some(execution_id),
        };
        let id = core_pb::TaskExecutionIdentifier {
            task_id: template.id.clone(),
            node_execution_id: Some(node_execution_id),
            retry_attempt: *number,
        };
        let task_name = template.id.as_ref().map(|id| id.name.clone()).unwrap_or_default();
        let attempt = (number + 1).to_string();
        let labels = [
            ("organization", "flyte"),
            ("project", PROJECT),
            ("domain", DOMAIN),
            ("run", run),
            ("action", ACTION),
            ("attempt", attempt.as_str()),
            ("task-name", task_name.as_str()),
        ];
        let environment = [("ACTION_NAME", ACTION), ("RUN_NAME", run), ("_U_ORG_NAME", ORG)];
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let mut execution = TaskExecution::new(id);
        execution.namespace = format!("{PROJECT}-{DOMAIN}");
        execution.labels = labels.into_iter().map(owned).collect();
        "default".clone_into(&mut execution.k8s_service_account);
        execution.environment_variables = environment.into_iter().map(owned).collect();
        execution.identity = Some(core_pb::Identity::default());
        execution
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::AttemptName;

    #[test]
    fn attempts_and_runs_have_prefixes_of_their_own() {
        let prefix = |run, number| AttemptName { run, number }.output_prefix(None);
        assert_eq!(prefix("run-1", 0), prefix("run-1", 0));
        assert_ne!(prefix("run-1", 0), prefix("run-1", 1));
        assert_ne!(prefix("run-1", 0), prefix("run-2", 0));
        let local = AttemptName { run: "r", number: 2 }.output_prefix(Some(Path::new("/out")));
        assert!(local.starts_with("file:///out/") && local.ends_with("/r/a0/2"), "{local}");
    }
}
