//! Outputs of a type of their own, and no `outputs`.

use connector_core::Registry;
use connector_core::prelude::*;

#[derive(TaskOutputs)]
struct Video {
    seconds: f64,
}

#[connector(task_type = "render")]
#[derive(Default)]
struct G;

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Err(ConnectorError::unsupported("create"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<Video>> {
        Ok(Resource::succeeded(Video { seconds: 1.5 }))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = Registry::builder().register(G);
}
