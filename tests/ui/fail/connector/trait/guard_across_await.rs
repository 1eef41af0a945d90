//! A guard that is held while the method waits.

use connector_core::Registry;
use connector_core::prelude::*;
use std::sync::Mutex;

#[connector(task_type = "render")]
#[derive(Default)]
struct G {
    next: Mutex<u64>,
}

async fn farm() {}

impl AsyncConnector for G {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        let next = self.next.lock().map_err(|_| ConnectorError::permanent("the last call died"))?;
        farm().await;
        Ok(JobId::new(next.to_string()))
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
