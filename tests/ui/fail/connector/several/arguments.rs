//! Every mistake in one attribute, at once.
//! errors: 14

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(
    task_type = ["big query", "render", 7],
    version = "1",
    name("Render Farm"),
    metadata = RenderJob,
    config: DynamicConfig,
    inputs = "Scene" outputs = Vec<_>,
    outputs = (),
    connection,
    init = |_| G,
    crate = connector_core,
    retries = 3
)]
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
