//! The Rust counterparts of the classes in `typed_classes.py`, field for field.
//! `main.rs` pairs them with the cases. Each tells itself as the Python side tells the class.

use std::collections::BTreeMap;

use bytes::Bytes;
use connector_core::jiff::civil::Date;
use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::{DataFrame, Dir, File, FlyteType};
use interop_tests::told::Told;
use serde_json::{Value, json};

/// Tells a struct by its name and its fields in order.
macro_rules! objects {
    ($($object:ident { $($field:ident),+ })+) => {
        $(impl Told for $object {
            fn told(&self) -> Value {
                let fields = [$((stringify!($field), self.$field.told())),+];
                let name = stringify!($object);
                json!({ "object": [name, fields.map(|(name, value)| json!([name, value]))] })
            }
        })+
    };
}

/// Tells the members of an enum by the names they have in Python.
macro_rules! members {
    ($($members:ident { $($member:ident = $name:literal),+ })+) => {
        $(impl Told for $members {
            fn told(&self) -> Value {
                json!({ "enum": match self { $(Self::$member => $name),+ } })
            }
        })+
    };
}

/// A union is told as the value it holds.
macro_rules! unions {
    ($($union:ident { $($alternative:ident),+ })+) => {
        $(impl Told for $union {
            fn told(&self) -> Value {
                match self { $(Self::$alternative(value) => value.told()),+ }
            }
        })+
    };
}

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
    at: Timestamp,
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
    at: Timestamp,
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
    at: Timestamp,
    day: Date,
    took: SignedDuration,
    mode: Mode,
    numbers: Vec<i64>,
    spans: Vec<SignedDuration>,
    pair: (i64, String),
    by_name: BTreeMap<String, f64>,
    by_number: BTreeMap<i64, String>,
    maybe: Option<i64>,
    maybe_at: Option<Timestamp>,
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
    at: Timestamp,
    day: Date,
    took: SignedDuration,
    mode: Mode,
    numbers: Vec<i64>,
    spans: Vec<SignedDuration>,
    pair: (i64, String),
    by_name: BTreeMap<String, f64>,
    by_number: BTreeMap<i64, String>,
    maybe: Option<i64>,
    maybe_at: Option<Timestamp>,
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

/// A `NamedTuple`, which Python wraps into a pydantic model.
#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct Row {
    number: i64,
    text: String,
    took: SignedDuration,
}

/// A `TypedDict`, which Python wraps into a pydantic model.
#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct Options {
    depth: i64,
    mode: Mode,
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
    Options { depth, mode }
}

#[derive(Debug, FlyteType)]
pub(crate) enum IntOrStr {
    Int(i64),
    Str(String),
}

#[derive(Debug, FlyteType)]
pub(crate) enum Scalar {
    Int(i64),
    Float(f64),
    Bool(bool),
}

#[derive(Debug, FlyteType)]
pub(crate) enum ListOrMap {
    List(Vec<i64>),
    Map(BTreeMap<String, i64>),
}

#[derive(Debug, FlyteType)]
pub(crate) enum Shape {
    Circle(Circle),
    Square(Square),
}

/// The first one accepts whatever the second one does.
#[derive(Debug, FlyteType)]
pub(crate) enum Alike {
    Square(Square),
    Labelled(Labelled),
}

unions! {
    IntOrStr { Int, Str }
    Scalar { Int, Float, Bool }
    ListOrMap { List, Map }
    Shape { Circle, Square }
    Alike { Square, Labelled }
}
