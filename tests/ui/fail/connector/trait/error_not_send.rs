//! An error that cannot be kept: it may belong to one thread.

use connector_core::Registry;
use connector_core::prelude::*;

fn scene() -> std::result::Result<String, Box<dyn std::error::Error>> {
    Err("none".into())
}

#[connector(task_type = "render")]
#[derive(Default)]
struct G;

impl AsyncConnector for G {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        drop(task);
        Ok(JobId::new(scene().or_transient("looking for the scene")?))
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
