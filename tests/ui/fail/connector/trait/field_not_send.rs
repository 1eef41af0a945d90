//! A field that can neither be shared nor moved between threads: rustc judges both by themselves.
//! errors: 2

use connector_core::Registry;
use connector_core::prelude::*;
use std::rc::Rc;

#[connector(task_type = "render")]
#[derive(Default)]
struct G {
    name: Rc<str>,
}

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new(&*self.name))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Err(ConnectorError::unsupported("get"))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = Registry::builder().register(G::default());
}
