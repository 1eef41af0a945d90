//! The dependency has another name, and a module of one's own re-exports it.
//! Run by `cargo test -p hygiene-tests`.
//! What the macros do otherwise is asserted in `tests/ui/pass`.

mod framework {
    pub use renamed_core as inner;

    // The usual name means something else here.
    pub mod connector_core {}
}

use framework::inner::prelude::*;
use renamed_core::{Registry, ResourceMeta};

#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(crate = ::renamed_core)]
struct Point {
    x: f64,
    #[flyte(default = Mode::Fast)]
    mode: Mode,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(crate = crate::framework::inner)]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(crate = ::renamed_core)]
enum Size {
    Number(i64),
    Point(Point),
}

#[derive(Debug, TaskInputs)]
#[input(crate = ::renamed_core)]
struct Scene {
    size: Size,
    mode: Option<Mode>,
}

#[derive(Debug, TaskConfig)]
#[config(crate = crate::framework::inner)]
struct RenderConfig {
    #[config(default = 24)]
    fps: u32,
}

#[derive(Debug, TaskConnection)]
#[connection(crate = ::renamed_core)]
struct RenderAccess {
    #[secret]
    key: Option<Secret>,
    endpoint: Option<String>,
}

#[derive(Debug, TaskOutputs)]
#[output(crate = ::renamed_core)]
struct Video {
    size: Size,
}

#[derive(Debug, Serialize)]
#[serde(crate = "renamed_core::serde")]
#[derive(Deserialize)]
struct RenderJob {
    id: String,
    size: SizeOnFarm,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "crate::framework::inner::serde", rename_all = "snake_case")]
enum SizeOnFarm {
    Small,
    #[serde(rename = "big")]
    Large(u64),
}

#[connector(
    task_type = "render",
    meta = RenderJob,
    config = RenderConfig,
    inputs = Scene,
    outputs = Video,
    connection = RenderAccess,
    crate = ::renamed_core
)]
#[derive(Debug, Default)]
struct RenderFarm;

impl AsyncConnector for RenderFarm {
    async fn create(&self, task: CreateTask<Self>) -> Result<RenderJob> {
        let access = &task.context.connection;
        let endpoint = access.endpoint.as_deref().unwrap_or("farm");
        let id = format!(
            "{endpoint}-{}-{:?}-{:?}-{}",
            task.config.fps,
            task.inputs.size,
            task.inputs.mode,
            access.key.is_some()
        );
        Ok(RenderJob { id, size: SizeOnFarm::Small })
    }

    async fn get(&self, _job: &RenderJob, _cx: &TaskContext<Self>) -> Result<Resource<Video>> {
        Ok(Resource::succeeded(Video { size: Size::Number(1) }))
    }

    async fn delete(&self, _job: &RenderJob, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn values_go_there_and_back() {
    let size = Size::Point(Point { x: 0.5, mode: Mode::Slow });
    let video = Video { size: size.clone() };
    let literals = video.into_literals().unwrap();
    let scene = Scene::from_literals(literals).unwrap();
    assert_eq!((scene.size, scene.mode), (size, None));
    assert_eq!(RenderConfig::from_custom(Default::default()).unwrap().fps, 24);
    let access = RenderAccess::from_connection(pb::Connection::default()).unwrap();
    assert!(access.key.is_none() && access.endpoint.is_none());
}

/// serde is none of this package's dependencies, either.
#[test]
fn metadata_is_serialised_without_serde_of_ones_own() {
    let job = RenderJob { id: "j".to_owned(), size: SizeOnFarm::Large(4) };
    let bytes = job.encode().unwrap();
    assert_eq!(&bytes[..], br#"{"id": "j", "size": {"big": 4}}"#);
    let RenderJob { id, size } = RenderJob::decode(bytes).unwrap();
    assert!(id == "j" && matches!(size, SizeOnFarm::Large(4)));
}

#[test]
fn the_connector_is_linked() {
    assert_eq!(RenderFarm::TASK_TYPES, ["render"]);
    let _ = Registry::builder().register(RenderFarm);
}
