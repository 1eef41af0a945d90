//! A type in parentheses still counts as the type that was meant.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render", meta(RenderJob))]
#[derive(Default)]
struct G;

#[derive(Serialize, Deserialize)]
struct RenderJob;

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<RenderJob> {
        Err(ConnectorError::unsupported("create"))
    }

    async fn get(&self, _job: &RenderJob, _cx: &TaskContext<Self>) -> Result<Resource> {
        Err(ConnectorError::unsupported("get"))
    }

    async fn delete(&self, _job: &RenderJob, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = Registry::builder().register(G);
}
