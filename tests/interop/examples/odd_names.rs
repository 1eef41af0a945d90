//! A server with one connector whose names and types are those that Python has the most trouble with.
//! `tests/odd_names.rs` has its class written, checked and run; every input comes back as an output.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use connector_core::NamedLiterals;
use connector_core::jiff::SignedDuration;
use connector_core::jiff::civil::Date;
use connector_core::prelude::*;
use connector_core::typed::FieldDescription;
use prost::Message as _;
use serde_json::{Value as Json, json};

/// Where something is.
mod place {
    use connector_core::prelude::*;

    /// A place, of which another module has another idea.
    #[derive(Debug, FlyteType)]
    pub(crate) struct Point {
        #[flyte(rename = "from")]
        pub(crate) start: i64,
        #[flyte(rename = "None")]
        pub(crate) nothing: Option<i64>,
    }
}

/// A point on a scale.
#[derive(Debug, FlyteType)]
struct Point {
    value: f64,
    #[flyte(rename = "class", default)]
    kind: Mode,
    inner: Option<Box<place::Point>>,
}

/// A name that Python keeps for itself, as have its members.
#[derive(Debug, Default, Clone, Copy, PartialEq, FlyteType)]
#[flyte(rename = "None")]
enum Mode {
    #[default]
    #[flyte(name = "None", value = "none")]
    Nothing,
    #[flyte(name = "a-b")]
    Dashed,
    Fast,
}

#[derive(Debug, FlyteType)]
enum Level {
    #[flyte(value = 1)]
    Low,
    #[flyte(value = -5)]
    High,
}

/// A model with a field that models have themselves.
#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
struct Exception {
    #[flyte(rename = "json")]
    text: String,
    took: SignedDuration,
    level: Level,
    when: DateOrTime,
}

#[derive(Debug, FlyteType)]
#[flyte(named_tuple)]
struct Row {
    number: i64,
    level: Level,
}

#[derive(Debug, FlyteType)]
#[flyte(typed_dict)]
struct Options {
    #[flyte(rename = "a-b")]
    dashed: String,
    row: Row,
    label: Option<String>,
}

#[derive(Debug, FlyteType)]
enum DateOrTime {
    Date(Date),
    Time(Datetime),
}

#[derive(Debug, FlyteType)]
enum TimeOrText {
    Time(Datetime),
    Text(String),
}

#[derive(Debug, FlyteType)]
struct Circle {
    radius: f64,
}

#[derive(Debug, FlyteType)]
struct Square {
    side: f64,
}

#[derive(Debug, FlyteType)]
enum Shape {
    Circle(Circle),
    Square(Square),
}

#[derive(Debug, FlyteType)]
enum RowOrInt {
    Row(Row),
    Int(i64),
}

/// What unions hold without a tag.
#[derive(Debug, FlyteType)]
struct Choices {
    when: DateOrTime,
    said: TimeOrText,
    shape: Shape,
    row: Option<RowOrInt>,
}

#[derive(Debug, TaskInputs)]
struct Odd {
    #[input(rename = "self")]
    own: i64,
    settings: String,
    #[input(default = 3)]
    interface: i64,
    custom_context: Option<bool>,
    #[input(rename = "from")]
    from: place::Point,
    point: Point,
    #[input(default)]
    mode: Mode,
    level: Level,
    json: Json,
    maybe: Option<Json>,
    many: Vec<Json>,
    row: Row,
    options: Options,
    exception: Exception,
    choices: Choices,
    shape: Shape,
    at: Datetime,
    day: Date,
    took: SignedDuration,
}

/// What the task can be told.
#[derive(Debug, TaskConfig)]
struct OddConfig {
    #[config(default = 0)]
    large: i64,
    #[config(default)]
    larger: Vec<u64>,
    #[config(default)]
    ratio: f64,
    free: Option<Json>,
    #[config(rename = "import", default)]
    mode: Mode,
    #[config(default)]
    took: SignedDuration,
    #[config(default)]
    keyed: BTreeMap<i64, i64>,
    inner: Option<place::Point>,
}

#[derive(Debug, TaskConnection)]
struct OddAccess {
    endpoint: Option<String>,
}

/// The inputs, under the names they have, and what was seen of the rest: in an order that is not that
/// of the names.
#[derive(Debug, TaskOutputs)]
struct Echoed {
    seen: String,
    #[output(rename = "self")]
    own: i64,
    settings: String,
    #[output(rename = "from")]
    from: place::Point,
    point: Point,
    mode: Mode,
    level: Level,
    json: Json,
    maybe: Option<Json>,
    many: Vec<Json>,
    row: Row,
    options: Options,
    exception: Exception,
    choices: Choices,
    at: Datetime,
    day: Date,
    took: SignedDuration,
    count: i64,
}

/// The outputs as literals, which are also all there is to know of a job.
#[derive(Debug)]
struct Literals(NamedLiterals);

impl TaskOutputs for Literals {
    fn into_literals(self) -> Result<NamedLiterals> {
        Ok(self.0)
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Echoed::describe()
    }
}

#[connector(task_type = "odd", version = 3, name = "Odd Names", meta = RawMeta,
            config = OddConfig, inputs = Odd, outputs = Literals, connection = OddAccess)]
#[derive(Debug, Default)]
struct OddNames {
    jobs: AtomicU64,
}

impl AsyncConnector for OddNames {
    async fn create(&self, task: CreateTask<Self>) -> Result<RawMeta> {
        let job = self.jobs.fetch_add(1, Ordering::Relaxed);
        let (given, config) = (task.inputs, task.config);
        let inner = config.inner.map(|inner| (inner.start, inner.nothing));
        let seen = json!({
            "job": job,
            "large": config.large,
            "larger": config.larger,
            "ratio": config.ratio,
            "free": config.free,
            "import": format!("{:?}", config.mode),
            "took": config.took.as_micros().to_string(),
            "keyed": config.keyed.into_iter().collect::<Vec<_>>(),
            "inner": inner,
            "interface": given.interface,
            "custom_context": given.custom_context,
            "shape": format!("{:?}", given.shape),
            "choices": format!("{:?}", given.choices),
            "exception": format!("{:?}", given.exception),
            "json": given.json,
            "endpoint": task.context.connection.endpoint,
        });
        let echoed = Echoed {
            seen: seen.to_string(),
            own: given.own,
            settings: given.settings,
            from: given.from,
            point: given.point,
            mode: given.mode,
            level: given.level,
            json: given.json,
            maybe: given.maybe,
            many: given.many,
            row: given.row,
            options: given.options,
            exception: given.exception,
            choices: given.choices,
            at: given.at,
            day: given.day,
            took: given.took,
            count: 7,
        };
        let literals = echoed.into_literals()?.into_entries();
        let outputs = pb::task::Outputs { literals, ..Default::default() };
        Ok(RawMeta(outputs.encode_to_vec().into()))
    }

    async fn get(&self, job: &RawMeta, _cx: &TaskContext<Self>) -> Result<Resource<Literals>> {
        let outputs = pb::task::Outputs::decode(job.0.clone())
            .map_err(|error| ConnectorError::permanent(error.to_string()))?;
        Ok(Resource::succeeded(Literals(outputs.literals.into())))
    }

    async fn delete(&self, _job: &RawMeta, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() -> ExitCode {
    connector_service::main()
}
