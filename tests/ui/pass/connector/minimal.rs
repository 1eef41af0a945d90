use connector_core::prelude::*;

#[connector(task_type = "render")]
#[derive(Debug, Default)]
pub struct RenderFarm;

impl AsyncConnector for RenderFarm {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("j"))
    }
    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Err(ConnectorError::not_found("no"))
    }
    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    assert_eq!(RenderFarm::NAME, "Render Farm Connector");
}
