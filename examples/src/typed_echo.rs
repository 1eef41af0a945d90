//! `typed_echo`: reads its inputs into Rust types and gives them back as outputs, written anew.
//! It shows the derives, and what Python makes of each type: read it beside `typed::FlyteType`.
//! Like `echo` it carries large inputs in its metadata: do not copy that part.

use std::collections::BTreeMap;

use bytes::Bytes;
use connector_core::jiff::SignedDuration;
use connector_core::prelude::*;
use connector_core::{MetaError, ResourceMeta};
use prost::Message;

/// How much of a hurry there is.
//
// Python: `class Mode(enum.Enum)` with `FAST = "fast"` and `SLOW = "slow"`. Names and values are read
// alike. Written are names, but values inside dataclasses, as Python does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FlyteType)]
pub enum Mode {
    /// As fast as possible.
    // This only spells out what goes without saying: `FAST` and `fast` are made of `Fast`.
    #[flyte(name = "FAST", value = "fast")]
    Fast,
    /// When there is time.
    #[flyte(name = "SLOW", value = "slow")]
    Slow,
}

/// A place, with something to say about it.
//
// Python: a dataclass with these fields. A pydantic model with them is read as well, and so is what
// the user interface sends; written is the dataclass.
#[derive(Debug, Clone, PartialEq, FlyteType)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Up.
    pub y: f64,
    /// What it is called.
    // `Optional[str]`. It may also be left out, as every `Option` may.
    pub label: Option<String>,
    /// What it is like.
    pub tags: Vec<String>,
    /// When it was there.
    // `datetime`. One without a time zone is UTC.
    pub at: Datetime,
    /// How long it was there.
    // `timedelta`. Signed, unlike `std::time::Duration`.
    pub took: SignedDuration,
    /// How fast it was.
    pub mode: Mode,
}

/// What the task takes and gives back.
//
// A connector of yours will have one struct for each. Everything but `opt` must come. What does not
// fit never reaches `create`: the task's author reads a message that lists every wrong input, with
// the path inside it, what was expected and what came. The lines with three slashes are for people,
// too: `connector-server describe typed_echo` prints them.
#[derive(Debug, Clone, PartialEq, TaskInputs, TaskOutputs)]
pub struct Values {
    /// A whole number.
    // `int`. Narrower types work, too; a number that they cannot hold is an error.
    pub i: i64,
    /// A number.
    // `float`. An int is taken for one.
    pub f: f64,
    /// A text.
    pub s: String,
    /// A yes or no.
    // `bool`, and nothing else is taken for one.
    pub b: bool,
    /// A point in time.
    pub at: Datetime,
    /// A span of time.
    pub took: SignedDuration,
    /// Whole numbers.
    pub xs: Vec<i64>,
    /// Numbers by name.
    // `dict[str, float]`. A `HashMap` works as well; this one has an order.
    pub m: BTreeMap<String, f64>,
    /// A whole number or nothing.
    // `Optional[int]`: a union, in which Flyte wraps values. Wrapped or not, both are read.
    pub opt: Option<i64>,
    /// One of a few names.
    pub mode: Mode,
    /// An object.
    pub point: Point,
    /// Objects.
    pub points: Vec<Point>,
    /// A file.
    // `flyte.io.File`: a reference. What is in it stays in storage; `dir` and `df` are alike.
    pub file: File,
    /// A directory.
    pub dir: Dir,
    /// A data frame.
    pub df: DataFrame,
}

/// The job is nothing but its values, so these are the metadata: as literals, which carry every
/// value unchanged. JSON, the usual form, has no NaN.
impl ResourceMeta for Values {
    fn encode(&self) -> Result<Bytes, MetaError> {
        let literals = TaskOutputs::into_literals(self.clone())
            .map_err(|error| MetaError::new(error.message()))?
            .into_entries();
        Ok(pb::task::Outputs { literals, ..Default::default() }.encode_to_vec().into())
    }

    fn decode(bytes: Bytes) -> Result<Self, MetaError> {
        let outputs = pb::task::Outputs::decode(bytes)
            .map_err(|error| MetaError::new(format!("resource_meta cannot be decoded: {error}")))?;
        TaskInputs::from_literals(outputs.literals.into())
            .map_err(|error| MetaError::new(error.message()))
    }
}

/// The connector.
// `inputs` and `outputs` name the types that the methods below get and give; there are no settings
// and no connection to read.
#[connector(
    task_type = "typed_echo",
    version = 1,
    name = "Typed Echo Connector",
    meta = Values,
    config = (),
    inputs = Values,
    outputs = Values,
    connection = ()
)]
#[derive(Debug, Default)]
pub struct TypedEcho;

impl AsyncConnector for TypedEcho {
    async fn create(&self, task: CreateTask<Self>) -> Result<Values> {
        Ok(task.inputs)
    }

    async fn get(&self, job: &Values, _cx: &TaskContext<Self>) -> Result<Resource<Values>> {
        Ok(Resource::succeeded(job.clone()))
    }

    async fn delete(&self, _job: &Values, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}
