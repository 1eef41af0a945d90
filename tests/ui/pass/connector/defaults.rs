//! One argument is a complete annotation; everything else has a default.

use std::any::TypeId;

use connector_core::prelude::*;

#[connector(task_type = "render")]
#[derive(Debug, Default)]
pub struct RenderFarm;

impl AsyncConnector for RenderFarm {
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
    assert_eq!(RenderFarm::NAME, "Render Farm Connector");
    assert_eq!(RenderFarm::TASK_TYPES, ["render"]);
    assert_eq!(RenderFarm::VERSIONS, [0]);
    assert_eq!(RenderFarm::POLICY, Policy::new());
    fn same<A: 'static, B: 'static>() -> bool {
        TypeId::of::<A>() == TypeId::of::<B>()
    }
    assert!(same::<<RenderFarm as ConnectorSpec>::Meta, JobId>());
    assert!(same::<<RenderFarm as ConnectorSpec>::Config, DynamicConfig>());
    assert!(same::<<RenderFarm as ConnectorSpec>::Inputs, DynamicInputs>());
    assert!(same::<<RenderFarm as ConnectorSpec>::Outputs, DynamicOutputs>());
    assert!(same::<<RenderFarm as ConnectorSpec>::Connection, DynamicConnection>());
}
