//! Claims a task type and version that a crate it links claims, too.

use std::process::ExitCode;

use connector_core::prelude::*;
use link_connector_a as _;

#[connector(task_type = "link_a", version = 1, name = "Pretender")]
#[derive(Debug, Default)]
struct Pretender;

impl AsyncConnector for Pretender {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("pretended"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Ok(Resource::succeeded(Outputs::None))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() -> ExitCode {
    connector_service::main()
}
