//! The crates that are built: the same connectors twice, one file each, as an author would write them.
//! `main` writes and builds them. Both sides share all code but that which the macros would write.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Who writes what the macros can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// `#[connector]` and the derives.
    Annotated,
    /// The author, against the traits.
    ByHand,
}

impl Writing {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Annotated => "annotated",
            Self::ByHand => "by_hand",
        }
    }

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Annotated => "annotated",
            Self::ByHand => "by hand",
        }
    }
}

/// What settings and inputs a connector has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parts {
    /// Those that take anything.
    Dynamic,
    /// Types of its own, with four fields each.
    Typed,
}

impl Parts {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic",
            Self::Typed => "typed",
        }
    }

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic parts",
            Self::Typed => "typed parts",
        }
    }
}

/// Writes a whole crate.
pub(crate) fn write(
    folder: &Path,
    workspace: &Path,
    name: &str,
    writing: Writing,
    parts: Parts,
    connectors: u8,
) -> io::Result<()> {
    // What an earlier run with more connectors left would be built, too.
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    // The same versions as the workspace, and nothing to fetch.
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let core = workspace.join("connector-core");
    let manifest = MANIFEST.replace("NAME", name).replace("CORE", &core.display().to_string());
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/lib.rs"), library(writing, connectors))?;
    (0..connectors).try_for_each(|number| write_connector(folder, writing, parts, number, 0))
}

/// Writes one connector; `edition` stands in one of its lines.
pub(crate) fn write_connector(
    folder: &Path,
    writing: Writing,
    parts: Parts,
    number: u8,
    edition: u32,
) -> io::Result<()> {
    let (declared, written) = match (parts, writing) {
        (Parts::Dynamic, Writing::Annotated) => (DYNAMIC_ANNOTATED, ""),
        (Parts::Dynamic, Writing::ByHand) => (DYNAMIC_BY_HAND, ""),
        (Parts::Typed, Writing::Annotated) => (TYPED_ANNOTATED, TYPES_ANNOTATED),
        (Parts::Typed, Writing::ByHand) => (TYPED_BY_HAND, TYPES_BY_HAND),
    };
    let created = match parts {
        Parts::Dynamic => CREATE_DYNAMIC,
        Parts::Typed => CREATE_TYPED,
    };
    let text = [JOB, written, declared, CONNECTOR]
        .concat()
        .replace("CREATED", created)
        .replace("NUMBER", &format!("{number:02}"))
        .replace("EDITION", &edition.to_string());
    fs::write(folder.join(format!("src/farm_{number:02}.rs")), text)
}

fn library(writing: Writing, connectors: u8) -> String {
    let mut text = String::from("//! Render farms.\n\n");
    for number in 0..connectors {
        writeln!(text, "pub mod farm_{number:02};").ok();
    }
    if writing == Writing::ByHand {
        text.push_str(
            "\n/// Every connector of this crate.\n\
             pub fn registry() -> connector_core::registry::RegistryBuilder {\n    \
             connector_core::Registry::builder()\n",
        );
        for number in 0..connectors {
            writeln!(text, "        .register(farm_{number:02}::Farm{number:02})").ok();
        }
        text.push_str("}\n");
    }
    text
}

const MANIFEST: &str = r#"[package]
name = "NAME"
version = "0.1.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
connector-core = { path = "CORE" }
prost-types = "0.14"
serde = { version = "1", features = ["derive"] }
"#;

const JOB: &str = r"//! Renders on farm NUMBER.

use connector_core::prelude::*;

/// What later calls need to find the job again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub job_id: String,
    pub region: String,
}
";

const DYNAMIC_ANNOTATED: &str = r#"
/// The connector of farm NUMBER.
#[connector(task_type = "farm_NUMBER", meta = Job)]
#[derive(Debug, Default)]
pub struct FarmNUMBER;
"#;

const DYNAMIC_BY_HAND: &str = r#"
/// The connector of farm NUMBER.
#[derive(Debug, Default)]
pub struct FarmNUMBER;

impl ConnectorSpec for FarmNUMBER {
    const NAME: &'static str = "Farm NUMBER Connector";
    const TASK_TYPES: &'static [&'static str] = &["farm_NUMBER"];
    const VERSIONS: &'static [i32] = &[0];

    type Meta = Job;
    type Config = DynamicConfig;
    type Inputs = DynamicInputs;
    type Outputs = DynamicOutputs;
    type Connection = DynamicConnection;
}
"#;

const TYPED_ANNOTATED: &str = r#"
/// The connector of farm NUMBER.
#[connector(task_type = "farm_NUMBER", meta = Job, config = Settings, inputs = Scene)]
#[derive(Debug, Default)]
pub struct FarmNUMBER;
"#;

const TYPED_BY_HAND: &str = r#"
/// The connector of farm NUMBER.
#[derive(Debug, Default)]
pub struct FarmNUMBER;

impl ConnectorSpec for FarmNUMBER {
    const NAME: &'static str = "Farm NUMBER Connector";
    const TASK_TYPES: &'static [&'static str] = &["farm_NUMBER"];
    const VERSIONS: &'static [i32] = &[0];

    type Meta = Job;
    type Config = Settings;
    type Inputs = Scene;
    type Outputs = DynamicOutputs;
    type Connection = DynamicConnection;
}
"#;

const TYPES_ANNOTATED: &str = r"
/// How a scene is rendered.
#[derive(Debug, TaskConfig)]
pub struct Settings {
    /// Where.
    pub region: String,
    /// Frames per second.
    #[config(default = 24)]
    pub fps: u32,
    /// A preset of the farm.
    pub preset: Option<String>,
    /// How bright each light is.
    #[config(default)]
    pub lights: Vec<f64>,
}

/// What is rendered.
#[derive(Debug, TaskInputs)]
pub struct Scene {
    /// The scene.
    pub file: connector_core::File,
    /// Which frames.
    pub frames: Vec<i64>,
    /// How well.
    pub quality: Option<f64>,
    /// What people call it.
    #[input(default)]
    pub title: String,
}
";

const TYPES_BY_HAND: &str = r#"
use connector_core::NamedLiterals;
use connector_core::typed::FieldDescription;
use connector_core::__private::{LiteralFields, ValueFields};

/// How a scene is rendered.
#[derive(Debug)]
pub struct Settings {
    /// Where.
    pub region: String,
    /// Frames per second.
    pub fps: u32,
    /// A preset of the farm.
    pub preset: Option<String>,
    /// How bright each light is.
    pub lights: Vec<f64>,
}

impl TaskConfig for Settings {
    fn from_custom(custom: prost_types::Struct) -> Result<Self> {
        let mut fields = ValueFields::of_struct(&custom);
        let region = fields.take("region");
        let fps = fields.take_or("fps", || 24);
        let preset = fields.take("preset");
        let lights = fields.take_or("lights", Vec::new);
        let settings = (|| {
            Some(Self { region: region?, fps: fps?, preset: preset?, lights: lights? })
        })();
        fields.finish(settings).map_err(|found| found.into_error("the task's settings"))
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Some(vec![
            FieldDescription::of::<String>("region", "Where."),
            FieldDescription::of::<u32>("fps", "Frames per second.").with_default(24_u32),
            FieldDescription::of::<Option<String>>("preset", "A preset of the farm."),
            FieldDescription::of::<Vec<f64>>("lights", "How bright each light is.")
                .with_default(Vec::<f64>::new()),
        ])
    }
}

/// What is rendered.
#[derive(Debug)]
pub struct Scene {
    /// The scene.
    pub file: connector_core::File,
    /// Which frames.
    pub frames: Vec<i64>,
    /// How well.
    pub quality: Option<f64>,
    /// What people call it.
    pub title: String,
}

impl TaskInputs for Scene {
    fn from_literals(literals: NamedLiterals) -> Result<Self> {
        let mut fields = LiteralFields::new(literals);
        let file = fields.take("file");
        let frames = fields.take("frames");
        let quality = fields.take("quality");
        let title = fields.take_or("title", String::new);
        let scene = (|| {
            Some(Self { file: file?, frames: frames?, quality: quality?, title: title? })
        })();
        fields.finish(scene)
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Some(vec![
            FieldDescription::of::<connector_core::File>("file", "The scene."),
            FieldDescription::of::<Vec<i64>>("frames", "Which frames."),
            FieldDescription::of::<Option<f64>>("quality", "How well."),
            FieldDescription::of::<String>("title", "What people call it.")
                .with_default(String::new()),
        ])
    }
}
"#;

const CREATE_DYNAMIC: &str = r#"let region = task.config.string("region")?.unwrap_or("eu").to_owned();
        let frames = task.inputs.len();"#;

const CREATE_TYPED: &str = r#"let Settings { region, fps, preset, lights } = task.config;
        let Scene { file, frames, quality, title } = task.inputs;
        let about = format!("{} {title} {fps} {preset:?} {lights:?} {quality:?}", file.uri);
        let frames = frames.len() + about.len();"#;

const CONNECTOR: &str = r#"
impl AsyncConnector for FarmNUMBER {
    async fn create(&self, task: CreateTask<Self>) -> Result<Job> {
        CREATED
        Ok(Job { job_id: format!("farm-NUMBER-{frames}"), region })
    }

    async fn get(&self, job: &Job, _cx: &TaskContext<Self>) -> Result<Resource> {
        let mut outputs = DynamicOutputs::default();
        outputs.insert("video", literal::string(format!("s3://{}/{}", job.region, job.job_id)));
        Ok(Resource::succeeded(outputs).message("edition EDITION"))
    }

    async fn delete(&self, _job: &Job, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}
"#;
