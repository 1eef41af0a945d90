//! Metadata of another type than `JobId`, and no `meta`: rustc judges each method by itself.
//! errors: 3

use connector_core::Registry;
use connector_core::prelude::*;

#[derive(Serialize, Deserialize)]
struct RenderJob {
    id: String,
}

#[connector(task_type = "render")]
#[derive(Default)]
struct G;

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<RenderJob> {
        Ok(RenderJob { id: String::new() })
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
