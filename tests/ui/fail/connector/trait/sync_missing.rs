//! The trait of `sync` connectors without the argument: rustc says so at the impl, and that the other trait
//! is missing.
//! errors: 2

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "shout")]
#[derive(Default)]
struct G;

impl SyncConnector for G {
    async fn run(&self, _task: CreateTask<Self>) -> Result<Resource> {
        Ok(Resource::succeeded(DynamicOutputs::default()))
    }
}

fn main() {
    let _ = Registry::builder().register_sync(G);
}
