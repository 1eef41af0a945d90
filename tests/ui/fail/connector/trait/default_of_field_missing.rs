//! A derived `Default`, and a field without one.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render")]
#[derive(Debug, Default)]
struct G {
    retries: u32,
    client: Client,
}

#[derive(Debug)]
struct Client;

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
    let _ = Registry::builder().register(G { retries: 3, client: Client });
}
