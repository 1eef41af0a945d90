//! `sync` twice.

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "shout", sync, sync)]
#[derive(Default)]
struct G;

impl SyncConnector for G {
    async fn run(&self, _task: CreateTask<Self>) -> Result<Resource> {
        Err(ConnectorError::unsupported("run"))
    }
}

fn main() {
    let _ = Registry::builder().register_sync(G);
}
