//! A version that fits `u32`, which rustc would advise, but not the wire.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render", version = 3_000_000_000)]
#[derive(Default)]
struct G;

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
