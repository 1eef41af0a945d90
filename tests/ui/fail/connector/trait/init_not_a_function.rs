//! An `init` that is no function.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render", init = CONNECT)]
struct G;

const CONNECT: u8 = 1;

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
