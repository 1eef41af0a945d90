//! Mistakes in the attribute of the connector, in its inputs, and in what they hold.
//! errors: 3

use connector_core::Registry;
use connector_core::prelude::*;

#[connector(task_type = "render", version = -1, inputs = Scene)]
#[derive(Default)]
struct G;

#[derive(TaskInputs)]
struct Scene {
    #[input(renam = "Frames")]
    frames: i64,
    size: Size,
}

#[derive(FlyteType)]
enum Size {
    Small,
    Exact(i64),
}

impl AsyncConnector for G {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        match task.inputs.size {
            Size::Small => Ok(JobId::new(task.inputs.frames.to_string())),
            Size::Exact(size) => Ok(JobId::new(size.to_string())),
        }
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
