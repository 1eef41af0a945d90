//! A crate that does nothing but hold a connector, `link_a`: nobody calls into it.
//! The binaries of the link tests name it or leave it out.
//! Its twin is `link-connector-b`.

use connector_core::prelude::*;

/// Serves `link_a`.
#[connector(task_type = "link_a", version = 1)]
#[derive(Debug, Default)]
pub struct LinkA;

impl AsyncConnector for LinkA {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("a"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Ok(Resource::succeeded(Outputs::None))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}
