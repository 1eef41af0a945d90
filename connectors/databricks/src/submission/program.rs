//! The program that runs a task's function on Databricks: each Flyte has its own, in one repository of Flyte's.

use connector_core::Flyte;
use serde_json::{Value, json};

use super::Object;

/// Where a program is, and what it must be told beside the container's arguments.
pub(super) struct Program {
    file: String,
    commit: &'static str,
    /// A variable without which it would end well whatever the function did.
    pub(super) variable: Option<(&'static str, &'static str)>,
    /// An argument behind the container's.
    argument: Option<String>,
}

impl Program {
    /// That of the Flyte which creates the task. A request of Flyte 1 may name another file, in `python_file`.
    pub(super) fn of(
        flyte: Flyte,
        request: &mut Object,
        serverless: bool,
        provider: Option<&str>,
    ) -> Self {
        if flyte == Flyte::V2 {
            return Self {
                file: "flyteplugins/databricks/entrypoint.py".to_owned(),
                commit: "194364210c47c49ce66c419e8fb68d6f9c06fd7e",
                variable: None,
                argument: None,
            };
        }
        let named = request.remove("python_file");
        let named = named.as_ref().and_then(Value::as_str).filter(|name| !name.is_empty());
        let usual = match serverless {
            true => "flytekitplugins/databricks/entrypoint_serverless.py",
            false => "flytekitplugins/databricks/entrypoint.py",
        };
        let provider = provider.filter(|name| serverless && !name.is_empty());
        Self {
            file: named.unwrap_or(usual).to_owned(),
            commit: "572298df1f971fb58c258398bd70a6372f811c96",
            variable: Some(("FLYTE_FAIL_ON_ERROR", "true")),
            argument: provider.map(|name| format!("--flyte-credential-provider={name}")),
        }
    }

    /// The task that runs it with those arguments.
    pub(super) fn task(&self, arguments: &[String]) -> Value {
        let arguments: Vec<_> = arguments.iter().chain(&self.argument).collect();
        json!({"python_file": self.file, "parameters": arguments, "source": "GIT"})
    }

    /// Where Flyte keeps it, at the commit of the official plug-in.
    pub(super) fn repository(&self) -> Value {
        json!({
            "git_url": "https://github.com/flyteorg/flytetools", "git_provider": "gitHub",
            "git_commit": self.commit,
        })
    }
}
