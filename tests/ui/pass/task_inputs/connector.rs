//! All five derives in one connector, from the request's bytes to the outputs.

use connector_core::prelude::*;

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug, TaskInputs)]
struct Scene {
    points: Vec<Point>,
}

#[derive(Debug, TaskConfig)]
struct RenderConfig {
    #[config(default = 24)]
    fps: u32,
}

#[derive(Debug, TaskConnection)]
struct RenderAccess {
    #[secret]
    key: Option<Secret>,
}

#[derive(Debug, TaskOutputs)]
struct Video {
    last: Option<Point>,
}

#[connector(
    task_type = "render",
    config = RenderConfig,
    inputs = Scene,
    outputs = Video,
    connection = RenderAccess
)]
#[derive(Debug, Default)]
struct RenderFarm;

impl AsyncConnector for RenderFarm {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        let key = task.context.connection.key.as_ref().map_or(0, |key| key.expose().map_or(0, str::len));
        Ok(JobId::new(format!("{}-{}-{key}", task.config.fps, task.inputs.points.len())))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<Video>> {
        Ok(Resource::succeeded(Video { last: Some(Point { x: 1.0, y: 2.0 }) }))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    fn describes<C: ConnectorSpec>() -> [usize; 4] {
        [
            C::Config::describe(),
            C::Inputs::describe(),
            C::Outputs::describe(),
            C::Connection::describe(),
        ]
        .map(|fields| fields.map_or(usize::MAX, |fields| fields.len()))
    }
    assert_eq!(describes::<RenderFarm>(), [1; 4]);

    let point = Point { x: 0.5, y: -1.0 };
    let points = literal::list([point.clone().into_literal().unwrap()]);
    let scene = Scene::from_literals([("points", points)].into_iter().collect()).unwrap();
    assert_eq!(scene.points, [point]);
}
