//! A call in place of a function.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render", init = G::connect())]
struct G;

impl G {
    #[expect(dead_code, reason = "the attribute was not understood")]
    async fn connect(_settings: Settings) -> Result<Self> {
        Ok(Self)
    }
}

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Err(ConnectorError::unsupported("create"))
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
