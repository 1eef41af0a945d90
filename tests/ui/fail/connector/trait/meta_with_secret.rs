//! A secret in the metadata.

use connector_core::Registry;
use connector_core::prelude::*;

#[derive(Serialize, Deserialize)]
struct RenderJob {
    id: String,
    key: Secret,
}

#[connector(task_type = "render", meta = RenderJob)]
#[derive(Default)]
struct G;

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<RenderJob> {
        Ok(RenderJob { id: String::new(), key: Secret::new("") })
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
