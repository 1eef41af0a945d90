//! The Rust counterparts of the classes in `typed_classes.py`, field for field.
//! `mod.rs` pairs them with the cases; what holds unions, and families of classes, is in `families`.

use std::collections::BTreeMap;

use bytes::Bytes;
use connector_core::jiff::SignedDuration;
use connector_core::jiff::civil::Date;
use connector_core::{DataFrame, Datetime, Dir, File, FlyteType};
use interop_tests::told::Told;
use serde_json::{Value, json};

#[derive(Debug, FlyteType)]
pub(crate) enum Mode {
    Fast,
    Slow,
}

/// `typing.Literal["low", "high"]`: its names are its values.
#[derive(Debug, FlyteType)]
pub(crate) enum Choice {
    #[flyte(name = "low")]
    Low,
    #[flyte(name = "high")]
    High,
}

members! {
    Mode { Fast = "FAST", Slow = "SLOW" }
    Choice { Low = "low", High = "high" }
}

#[derive(Debug, FlyteType)]
pub(crate) struct Point {
    x: f64,
    y: f64,
    label: Option<String>,
    tags: Vec<String>,
    at: Datetime,
    took: SignedDuration,
    mode: Mode,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct PointModel {
    x: f64,
    y: f64,
    label: Option<String>,
    tags: Vec<String>,
    at: Datetime,
    took: SignedDuration,
    mode: Mode,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Node {
    value: i64,
    #[flyte(optional)]
    next: Option<Box<Node>>,
    #[flyte(default)]
    children: Vec<Node>,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct NodeModel {
    value: i64,
    #[flyte(optional)]
    next: Option<Box<NodeModel>>,
    #[flyte(default)]
    children: Vec<NodeModel>,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Record {
    whole: i64,
    real: f64,
    text: String,
    truth: bool,
    at: Datetime,
    day: Date,
    took: SignedDuration,
    mode: Mode,
    numbers: Vec<i64>,
    spans: Vec<SignedDuration>,
    pair: (i64, String),
    by_name: BTreeMap<String, f64>,
    by_number: BTreeMap<i64, String>,
    maybe: Option<i64>,
    maybe_at: Option<Datetime>,
    maybe_mode: Option<Mode>,
    either: IntOrStr,
    inner: Node,
    inners: Vec<Node>,
    named: BTreeMap<String, Node>,
    file: File,
    folder: Dir,
    table: DataFrame,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct RecordModel {
    whole: i64,
    real: f64,
    text: String,
    truth: bool,
    at: Datetime,
    day: Date,
    took: SignedDuration,
    mode: Mode,
    numbers: Vec<i64>,
    spans: Vec<SignedDuration>,
    pair: (i64, String),
    by_name: BTreeMap<String, f64>,
    by_number: BTreeMap<i64, String>,
    maybe: Option<i64>,
    maybe_at: Option<Datetime>,
    maybe_mode: Option<Mode>,
    either: IntOrStr,
    inner: NodeModel,
    inners: Vec<NodeModel>,
    named: BTreeMap<String, NodeModel>,
    file: File,
    folder: Dir,
    table: DataFrame,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Raw {
    raw: Bytes,
    parts: Vec<Bytes>,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct RawModel {
    raw: Bytes,
    parts: Vec<Bytes>,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Unsigned {
    count: u64,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Circle {
    radius: f64,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Square {
    side: f64,
    #[flyte(default = "square".to_owned())]
    label: String,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Labelled {
    side: f64,
    label: String,
    #[flyte(default = "nobody".to_owned())]
    owner: String,
}

#[derive(Debug, FlyteType)]
#[flyte(named_tuple)]
pub(crate) struct Row {
    number: i64,
    text: String,
    took: SignedDuration,
}

#[derive(Debug, FlyteType)]
#[flyte(typed_dict)]
pub(crate) struct Options {
    depth: i64,
    mode: Mode,
}

#[derive(Debug, FlyteType)]
#[flyte(typed_dict)]
pub(crate) struct Partial {
    depth: i64,
    label: Option<String>,
}

/// An `IntEnum`.
#[derive(Debug, FlyteType)]
pub(crate) enum Level {
    #[flyte(value = 1)]
    Low,
    #[flyte(value = -5)]
    High,
}

members! {
    Level { Low = "LOW", High = "HIGH" }
}

dicts! {
    Options { depth, mode }
    Partial { depth, label }
}

objects! {
    Point { x, y, label, tags, at, took, mode }
    PointModel { x, y, label, tags, at, took, mode }
    Node { value, next, children }
    NodeModel { value, next, children }
    Record {
        whole, real, text, truth, at, day, took, mode, numbers, spans, pair, by_name, by_number,
        maybe, maybe_at, maybe_mode, either, inner, inners, named, file, folder, table
    }
    RecordModel {
        whole, real, text, truth, at, day, took, mode, numbers, spans, pair, by_name, by_number,
        maybe, maybe_at, maybe_mode, either, inner, inners, named, file, folder, table
    }
    Raw { raw, parts }
    RawModel { raw, parts }
    Unsigned { count }
    Circle { radius }
    Square { side, label }
    Labelled { side, label, owner }
    Row { number, text, took }
}

unions! {
    IntOrStr { Int(i64), Str(String) }
}
