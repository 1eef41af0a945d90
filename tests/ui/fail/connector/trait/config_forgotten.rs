//! Settings of a type of their own, and no `config`.

use connector_core::Registry;
use connector_core::prelude::*;

#[derive(TaskConfig)]
struct RenderConfig {
    fps: u32,
}

#[connector(task_type = "render")]
#[derive(Default)]
struct G;

impl AsyncConnector for G {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new(task.config.fps.to_string()))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Err(ConnectorError::unsupported("get"))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = Registry::builder().register(G);
}
