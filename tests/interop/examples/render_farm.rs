//! A server with one connector that has a bit of everything a Python task class can hold.
//! `tests/generated.rs` has its class written, checked and run; what the connector saw comes back as text.

use std::process::ExitCode;

use connector_core::jiff::SignedDuration;
use connector_core::prelude::*;

/// How good it shall be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FlyteType)]
enum Quality {
    /// To look at.
    #[default]
    Draft,
    /// To sell.
    Fine,
}

/// Where the light is. A text with "quotes", a back\slash and """three""".
#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Lamp {
    /// Watts.
    power: f64,
    #[flyte(default = "white".to_owned())]
    colour: String,
    label: Option<String>,
}

/// A tree of things.
#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Thing {
    name: String,
    #[flyte(default)]
    parts: Vec<Thing>,
}

/// Spelled as pydantic spells it.
#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(pydantic)]
struct Shot {
    took: SignedDuration,
    quality: Quality,
    #[flyte(default = 2)]
    takes: i64,
}

/// What to do with the scene.
#[derive(Debug, TaskConfig)]
struct RenderConfig {
    /// Frames per second.
    #[config(default = 24)]
    fps: u32,
    /// Needed: there is no default.
    scale: f64,
    preset: Option<String>,
    #[config(default)]
    quality: Quality,
    #[config(default = vec!["a".to_owned()])]
    tags: Vec<String>,
    /// Has a default that Python has no plain word for.
    #[config(default = SignedDuration::from_secs(90))]
    limit: SignedDuration,
    /// A word of Python.
    #[config(rename = "from", default = 1)]
    first: i64,
    lamp: Option<Lamp>,
}

#[derive(Debug, TaskInputs)]
struct Scene {
    /// What is in it.
    root: Thing,
    shot: Shot,
    frames: Vec<i64>,
    strength: Option<f64>,
    #[input(default = 3)]
    passes: i64,
}

#[derive(Debug, TaskOutputs)]
struct Video {
    /// What the connector saw.
    seen: String,
    root: Thing,
    shot: Shot,
}

#[derive(Debug, TaskConnection)]
struct RenderAccess {
    /// The farm's key.
    #[secret]
    api_key: Secret,
    endpoint: Option<String>,
    #[connection(default = true)]
    verify: bool,
    /// A setting with the name of the secret.
    #[connection(rename = "api_key", default)]
    key_name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Job {
    seen: String,
    name: String,
    parts: Vec<String>,
    seconds: i64,
    takes: i64,
}

#[connector(task_type = "render", version = 2, name = "Render Farm Connector", meta = Job,
            config = RenderConfig, inputs = Scene, outputs = Video, connection = RenderAccess)]
#[derive(Debug, Default)]
struct RenderFarm;

impl AsyncConnector for RenderFarm {
    async fn create(&self, task: CreateTask<Self>) -> Result<Job> {
        let RenderConfig { fps, scale, preset, quality, tags, limit, first, lamp } = &task.config;
        let Scene { root, shot, frames, strength, passes } = &task.inputs;
        let RenderAccess { api_key, endpoint, verify, key_name } = &task.context.connection;
        let key = api_key.expose_for("farm.example.com")?.len();
        let lamp =
            lamp.as_ref().map(|lamp| (lamp.power, lamp.colour.as_str(), lamp.label.as_deref()));
        let seen = format!(
            "{:?} {:?} {:?}",
            (fps, scale, preset, quality, tags, limit.as_secs(), first, lamp),
            (frames, strength, passes),
            (key, endpoint, verify, key_name),
        );
        let parts = root.parts.iter().map(|part| part.name.clone()).collect();
        let (name, seconds, takes) = (root.name.clone(), shot.took.as_secs(), shot.takes);
        Ok(Job { seen, name, parts, seconds, takes })
    }

    async fn get(&self, job: &Job, _cx: &TaskContext<Self>) -> Result<Resource<Video>> {
        let leaf = |name: &String| Thing { name: name.clone(), parts: Vec::new() };
        Ok(Resource::succeeded(Video {
            seen: job.seen.clone(),
            root: Thing { name: job.name.clone(), parts: job.parts.iter().map(leaf).collect() },
            shot: Shot {
                took: SignedDuration::from_secs(job.seconds),
                quality: Quality::Fine,
                takes: job.takes,
            },
        }))
    }

    async fn delete(&self, _job: &Job, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() -> ExitCode {
    connector_service::main()
}
