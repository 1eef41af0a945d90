//! Task type `openai-batch`: a file of requests that OpenAI answers within a day.

mod calls;
mod config;
mod meta;
mod pickle;
mod view;

use connector_core::prelude::*;

use crate::api::{Access, Account, Api};
pub use config::{BatchTask, Requests};
pub use meta::BatchJob;
pub use view::Done;

/// The connector.
#[connector(task_type = "openai-batch", name = "OpenAI Batch Endpoint Connector", meta = BatchJob,
            config = BatchTask, inputs = Requests, outputs = Done, connection = Access, init = Batch::new)]
#[derive(Debug)]
pub struct Batch {
    api: Api,
}

impl Batch {
    /// A connector that calls where the variable `OPENAI_BASE_URL` says, or else OpenAI.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the variable holds no URL.
    pub fn new(_settings: &Settings) -> Result<Self> {
        Ok(Self { api: Api::of_environment()? })
    }

    /// A connector that calls below this URL, such as `https://api.openai.com/v1`, which is the default.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: it is no `http` or `https` URL.
    pub fn at(base: Option<&str>) -> Result<Self> {
        Ok(Self { api: Api::at(base)? })
    }
}

fn account<'a>(job: &'a BatchJob, cx: &'a TaskContext<Batch>) -> Account<'a> {
    Account { access: &cx.connection, organization: job.openai_org.as_deref() }
}

impl AsyncConnector for Batch {
    fn endpoints(&self) -> Vec<String> {
        self.api.address().into_iter().collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<BatchJob> {
        // Without a key nobody says which attempt this is, so it is a batch of its own.
        let key = task.idempotency_key().map(|key| key.as_str().to_owned());
        let tag = key.unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
        let order = task.config.order(&task.inputs.input_file_id, tag)?;
        let organization = task.config.openai_organization.clone();
        let access = &task.context.connection;
        let account = Account { access, organization: organization.as_deref() };
        let batch_id = calls::create(&self.api, &order, account).await?;
        Ok(BatchJob { batch_id, openai_org: organization, created_by: task.context.call.flyte })
    }

    async fn get(&self, job: &BatchJob, cx: &TaskContext<Self>) -> Result<Resource<Done>> {
        let view = calls::get(&self.api, &job.batch_id, account(job, cx), &cx.call).await?;
        Ok(view.resource())
    }

    async fn delete(&self, job: &BatchJob, cx: &TaskContext<Self>) -> Result<()> {
        calls::cancel(&self.api, &job.batch_id, account(job, cx), &cx.call).await
    }

    async fn find(&self, key: &IdempotencyKey, cx: &TaskContext<Self>) -> Result<Option<BatchJob>> {
        // Who is charged stands in the task's settings, which do not come along.
        let account = Account { access: &cx.connection, organization: None };
        let found = calls::find(&self.api, key.as_str(), account).await?;
        Ok(found.map(|batch_id| BatchJob { batch_id, openai_org: None, created_by: cx.call.flyte }))
    }
}
