//! A field that only one thread can use.

use connector_core::Registry;
use connector_core::prelude::*;
use std::cell::RefCell;

#[connector(task_type = "render")]
#[derive(Default)]
struct G {
    seen: RefCell<Vec<String>>,
}

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        self.seen.borrow_mut().push(String::new());
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
    let _ = Registry::builder().register(G::default());
}
