//! The connector `{{task_type}}`: what Flyte sees of a vendor with a REST job API. `vendor` is what the vendor says.
//! `main.rs` serves it, `tests/conformance.rs` holds it against the rules of Flyte's executor.
//! Put your vendor's paths, fields, states and refusals in place of the made-up ones.

mod vendor;

use connector_core::prelude::*;

use crate::vendor::{JobView, Vendor};

/// Where the vendor is, if the operator does not say.
const URL: &str = "https://api.vendor.example";

/// What the vendor calls its states. One that is not in here is a running job with a warning.
const STATES: StateTable = StateTable::new(&[
    ("QUEUED", Phase::Queued),
    ("RUNNING", Phase::Running),
    ("DONE", Phase::Succeeded),
    ("FAILED", Phase::Failed),
    ("CANCELLED", Phase::Failed),
]);

/// The settings of a task.
#[derive(Debug, TaskConfig)]
pub struct TaskSettings {
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
pub struct Greeting {
    /// The greeting.
    pub text: String,
}

/// What the task brings to get at the vendor, or the operator lends.
#[derive(Debug, TaskConnection)]
pub struct Access {
    /// The vendor's key.
    #[secret]
    pub api_key: Secret,
}

/// What later calls need to find the job again. Flyte keeps it, so there is no secret in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// What the vendor calls it.
    pub id: String,
}

/// What the vendor reads of an order.
#[derive(Debug, Serialize)]
struct Order<'a> {
    idempotency_key: Option<&'a str>,
    opening: &'a str,
    name: &'a str,
}

/// What the vendor tells of a finished job.
#[derive(Debug, Deserialize)]
struct Said {
    text: String,
}

/// Runs every Flyte task of type `{{task_type}}`.
#[connector(task_type = "{{task_type}}", init = Connector::new, meta = Job, config = TaskSettings,
            inputs = Inputs, outputs = Greeting, connection = Access)]
#[derive(Debug)]
pub struct Connector {
    vendor: Vendor,
}

impl Connector {
    /// The connector with the operator's settings: `CONNECTOR__<TASK_TYPE>__URL` is the setting `url`.
    ///
    /// # Errors
    /// A `url` that is none, or a client that cannot be made.
    pub fn new(settings: Settings) -> Result<Self> {
        Ok(Self { vendor: Vendor::at(settings.get("url").unwrap_or(URL))? })
    }
}

impl AsyncConnector for Connector {
    /// Starts the job. The key is the same for every create of one attempt, so the vendor makes one job of them.
    async fn create(&self, task: CreateTask<Self>) -> Result<Job> {
        let key = task.idempotency_key();
        let order = Order {
            idempotency_key: key.as_ref().map(|key| key.as_str()),
            opening: &task.config.opening,
            name: &task.inputs.name,
        };
        let job: JobView<Said> =
            self.vendor.submit(&task.context.connection.api_key, &order).await?;
        Ok(Job { id: job.id })
    }

    /// Says where the job stands. Called about every 30 seconds until the phase is a final one.
    async fn get(&self, job: &Job, cx: &TaskContext<Self>) -> Result<Resource<Greeting>> {
        let view: JobView<Said> = self.vendor.job(&cx.connection.api_key, &job.id).await?;
        let mut resource: Resource<Greeting> = STATES.resource(&view.state);
        if resource.phase == Phase::Succeeded {
            let Said { text } = view
                .result
                .ok_or_else(|| ConnectorError::permanent("the vendor has no result for the job"))?;
            resource.outputs = Greeting { text }.into();
        }
        Ok(resource.message(view.message.unwrap_or_default()))
    }

    /// Cancels the job. One that is finished or unknown is a success.
    async fn delete(&self, job: &Job, cx: &TaskContext<Self>) -> Result<()> {
        self.vendor.cancel(&cx.connection.api_key, &job.id).await
    }
}
