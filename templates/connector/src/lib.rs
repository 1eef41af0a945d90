//! The connector `{{task_type}}`. `main.rs` serves it, `tests/conformance.rs` holds it against the rules of
//! Flyte's executor. Replace the body of its three methods by calls to your outside system.

use connector_core::prelude::*;

/// The settings of a task.
#[derive(Debug, TaskConfig)]
pub struct Settings {
    /// How the greeting begins.
    #[config(default = "hello".to_owned())]
    pub opening: String,
}

/// The inputs of a task.
#[derive(Debug, TaskInputs)]
pub struct Inputs {
    /// Who is greeted.
    pub name: String,
}

/// The outputs of a task.
#[derive(Debug, TaskOutputs)]
pub struct Outputs {
    /// The greeting.
    pub text: String,
}

/// What later calls need to find the job again. Flyte keeps it; a restarted server knows nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The name of the job in the outside system.
    pub id: String,
    /// What the job says in the end.
    pub text: String,
}

/// Runs every Flyte task of type `{{task_type}}`.
#[connector(task_type = "{{task_type}}", meta = Job, config = Settings, inputs = Inputs, outputs = Outputs)]
#[derive(Debug, Default)]
pub struct Connector;

impl AsyncConnector for Connector {
    /// Starts the job. Hand the key to the outside system: it is the same for every create of one attempt.
    async fn create(&self, task: CreateTask<Self>) -> Result<Job> {
        let name = &task.inputs.name;
        if name.is_empty() {
            return Err(ConnectorError::invalid_task("`name` is empty; say who is to be greeted"));
        }
        let key = task.idempotency_key();
        let id = key.as_ref().map_or("no-key", |key| key.as_str()).to_owned();
        Ok(Job { id, text: format!("{} {name}", task.config.opening) })
    }

    /// Says where the job stands. Called about every 30 seconds until the phase is a final one.
    async fn get(&self, job: &Job, _cx: &TaskContext<Self>) -> Result<Resource<Outputs>> {
        Ok(Resource::succeeded(Outputs { text: job.text.clone() }))
    }

    /// Cancels the job. One that is finished or unknown is a success.
    async fn delete(&self, _job: &Job, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}
