//! Metadata that cannot be written as JSON.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render", meta = Plain)]
#[derive(Default)]
struct G;

struct Plain;

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<Plain> {
        Err(ConnectorError::unsupported("create"))
    }

    async fn get(&self, _job: &Plain, _cx: &TaskContext<Self>) -> Result<Resource> {
        Err(ConnectorError::unsupported("get"))
    }

    async fn delete(&self, _job: &Plain, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = Registry::builder().register(G);
}
