//! `crate = ...` through a module of one's own, where no crate is called `connector_core`.

pub extern crate connector_core as renamed;

mod framework {
    pub use renamed as inner;

    // The name means something else here.
    #[allow(dead_code)]
    pub mod connector_core {}
}

use framework::inner::prelude::*;

#[connector(task_type = "renamed", crate = ::renamed)]
#[derive(Default)]
struct Renamed;

#[connector(task_type = "module", crate = crate::framework::inner)]
#[derive(Default)]
struct Module;

macro_rules! implement {
    ($($connector:ty),+) => {$(
        impl AsyncConnector for $connector {
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
    )+};
}

implement!(Renamed, Module);

fn main() {
    assert_eq!(Renamed::TASK_TYPES, ["renamed"]);
    assert_eq!(Module::TASK_TYPES, ["module"]);
}
