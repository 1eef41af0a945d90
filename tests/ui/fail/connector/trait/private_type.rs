//! A type that fewer people see than the connector.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render", connection = Hidden)]
#[derive(Default)]
pub struct G;

struct Hidden;

impl TaskConnection for Hidden {
    fn from_connection(_connection: pb::Connection) -> Result<Self> {
        Ok(Self)
    }
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
