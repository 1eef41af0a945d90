//! `sync`, and both traits.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "shout", sync)]
#[derive(Default)]
struct G;

impl SyncConnector for G {
    async fn run(&self, _task: CreateTask<Self>) -> Result<Resource> {
        Ok(Resource::succeeded(DynamicOutputs::default()))
    }
}

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("j"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = Registry::builder().register_sync(G);
}
