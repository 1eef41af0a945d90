//! An `init` function with an error of its own.

use connector_core::Registry;
use connector_core::prelude::*;
use std::io;

#[connector(task_type = "render", init = connect)]
struct G;

fn connect(_settings: Settings) -> Result<G, io::Error> {
    Ok(G)
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
