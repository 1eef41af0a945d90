//! Types as a connector's author derives them: objects, enums, unions, one that holds itself.
//! `spread` reads them out of hostile literals, `entries` writes examples of them.
//! Names are those of `typed_echo`, so that one corpus serves both.

use std::collections::BTreeMap;

use bytes::Bytes;
use connector_core::jiff::civil::Date;
use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::{File, FlyteType};

/// Members by name and by value.
#[derive(Debug, Clone, Copy, PartialEq, FlyteType)]
pub enum Mode {
    /// One.
    #[flyte(name = "FAST", value = "fast")]
    Fast,
    /// Another.
    #[flyte(name = "SLOW", value = "slow")]
    Slow,
}

/// A Python dataclass.
#[derive(Debug, Clone, PartialEq, FlyteType)]
pub struct Point {
    /// A number.
    pub x: f64,
    /// Another.
    pub y: f64,
    /// May be nothing.
    pub label: Option<String>,
    /// A list.
    pub tags: Vec<String>,
    /// A point in time.
    pub at: Timestamp,
    /// A span of time.
    pub took: SignedDuration,
    /// An enum.
    pub mode: Mode,
}

/// The same as a pydantic model, and what else objects hold.
#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(pydantic)]
pub struct Model {
    /// An object in an object.
    pub point: Option<Point>,
    /// Many of them.
    #[flyte(default)]
    pub points: Vec<Point>,
    /// A map with keys that are no text.
    #[flyte(default)]
    pub m: BTreeMap<i64, Option<SignedDuration>>,
    /// A union, which objects carry without a tag.
    #[flyte(rename = "value", optional)]
    pub choice: Option<Choice>,
    /// A number with a default.
    #[flyte(default = 7)]
    pub n: u8,
    /// A file in an object.
    pub file: Option<File>,
    /// A day.
    #[flyte(optional)]
    pub day: Option<Date>,
}

/// A dataclass of what is spelled otherwise than in a model.
#[derive(Debug, Clone, PartialEq, FlyteType)]
pub struct Spelled {
    /// Bytes.
    #[flyte(default)]
    pub b: Bytes,
    /// A tuple.
    #[flyte(optional)]
    pub xs: Option<(i64, String, Option<bool>)>,
    /// Any JSON.
    #[flyte(default)]
    pub value: serde_json::Value,
    /// The full range.
    #[flyte(default)]
    pub i: u64,
    /// Single precision.
    #[flyte(default)]
    pub f: f32,
}

/// A union of types that look alike.
#[derive(Debug, Clone, PartialEq, FlyteType)]
pub enum Choice {
    /// A whole number.
    Integer(i64),
    /// Any number.
    Float(f64),
    /// An enum, which is text.
    Mode(Mode),
    /// Text.
    Text(String),
    /// A point in time, which may be text.
    At(Timestamp),
    /// A list of one kind.
    Integers(Vec<i64>),
    /// A list of another kind, under the same tag.
    Texts(Vec<String>),
    /// An object.
    Point(Point),
    /// Another object, under the same tag.
    Spelled(Spelled),
}

/// A union that holds itself.
#[derive(Debug, Clone, PartialEq, FlyteType)]
pub enum Tree {
    /// The end.
    Leaf(i64),
    /// More.
    Branch(Branch),
}

/// What a tree branches into.
#[derive(Debug, Clone, PartialEq, FlyteType)]
pub struct Branch {
    /// The trees below.
    pub children: Vec<Tree>,
}

/// A union that holds itself in a list, in literals as well.
#[derive(Debug, Clone, PartialEq, FlyteType)]
pub enum Nest {
    /// The end.
    Leaf(String),
    /// More.
    Many(Vec<Nest>),
    /// More, by name.
    Named(BTreeMap<String, Nest>),
}
