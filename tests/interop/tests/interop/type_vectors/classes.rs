//! The Rust counterparts of the classes in `typed_classes.py`, field for field.
//! `main.rs` pairs them with the cases. Each tells itself as the Python side tells the class.

use std::collections::BTreeMap;

use bytes::Bytes;
use connector_core::jiff::SignedDuration;
use connector_core::jiff::civil::Date;
use connector_core::{DataFrame, Datetime, Dir, File, FlyteType};
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

/// Tells a `TypedDict`, which is a map in Python, and may be without fields that are nothing.
macro_rules! dicts {
    ($($object:ident { $($field:ident),+ })+) => {
        $(impl Told for $object {
            fn told(&self) -> Value {
                let fields = BTreeMap::from([$((stringify!($field), self.$field.told())),+]);
                let there = fields.iter().filter(|(_, value)| value.get("none").is_none());
                let pairs: Vec<Value> =
                    there.map(|(name, value)| json!([name.to_string().told(), value])).collect();
                json!({ "map": pairs })
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

/// The same fields as a dataclass and as a pydantic model, which read unions each in its own way.
macro_rules! choices {
    ($($(#[$flyte:meta])? $name:ident)+) => {
        $(#[derive(Debug, FlyteType)]
        $(#[$flyte])?
        pub(crate) struct $name {
            date_or_time: DateOrTime,
            time_or_date: TimeOrDate,
            time_or_text: TimeOrText,
            date_or_text: DateOrText,
            span_or_real: SpanOrReal,
            real_or_span: RealOrSpan,
            whole_or_span: WholeOrSpan,
            span_or_text: SpanOrText,
            level_or_whole: LevelOrInt,
            mode_or_text: ModeOrText,
            mode_or_level: Option<ModeOrLevel>,
            shape: Shape,
            row_or_whole: RowOrInt,
            options_or_whole: OptionsOrInt,
            modes_or_whole: ModesOrInt,
        }

        objects! {
            $name {
                date_or_time, time_or_date, time_or_text, date_or_text, span_or_real, real_or_span,
                whole_or_span, span_or_text, level_or_whole, mode_or_text, mode_or_level, shape,
                row_or_whole, options_or_whole, modes_or_whole
            }
        })+
    };
}

choices! {
    Choices
    #[flyte(pydantic)] ChoicesModel
}

#[derive(Debug, FlyteType)]
pub(crate) struct Moded {
    mode: Mode,
    took: SignedDuration,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct ModedModel {
    mode: Mode,
    took: SignedDuration,
}

#[derive(Debug, FlyteType)]
#[flyte(named_tuple)]
pub(crate) struct Pair {
    mode: Mode,
    level: Level,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Families {
    level: Level,
    maybe_level: Option<Level>,
    levels: Vec<Level>,
    pair: Pair,
    maybe_pair: Option<Pair>,
    pairs: Vec<Pair>,
    options: Options,
    maybe_options: Option<Options>,
    moded: Moded,
    both: (Mode, Pair),
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct FamiliesModel {
    level: Level,
    maybe_level: Option<Level>,
    levels: Vec<Level>,
    pair: Pair,
    maybe_pair: Option<Pair>,
    pairs: Vec<Pair>,
    options: Options,
    maybe_options: Option<Options>,
    moded: Moded,
    both: (Mode, Pair),
    model: ModedModel,
    models: BTreeMap<String, ModedModel>,
}

#[derive(Debug, FlyteType)]
#[flyte(named_tuple)]
pub(crate) struct FamiliesTuple {
    level: Level,
    pair: Pair,
    options: Options,
    moded: Moded,
    modes: Vec<Mode>,
    model: ModedModel,
}

#[derive(Debug, FlyteType)]
#[flyte(typed_dict)]
pub(crate) struct FamiliesDict {
    level: Level,
    pair: Pair,
    options: Options,
    moded: Moded,
    modes: Vec<Mode>,
    models: Vec<ModedModel>,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Loose {
    value: Value,
    bare: Value,
    items: Vec<Value>,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct LooseModel {
    value: Value,
    bare: Value,
    items: Vec<Value>,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Moments {
    at: Datetime,
    day: Date,
    took: SignedDuration,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct MomentsModel {
    at: Datetime,
    day: Date,
    took: SignedDuration,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Dated {
    time_or_date: TimeOrDate,
}

#[derive(Debug, FlyteType)]
#[flyte(pydantic)]
pub(crate) struct DatedModel {
    time_or_date: TimeOrDate,
}

#[derive(Debug, FlyteType)]
#[flyte(rename = "Alike")]
pub(crate) struct AlikeInside {
    shape: LabelledOrSquare,
}

#[derive(Debug, FlyteType)]
pub(crate) struct IntNumber {
    value: i64,
}

#[derive(Debug, FlyteType)]
pub(crate) struct FloatNumber {
    value: f64,
}

#[derive(Debug, FlyteType)]
pub(crate) struct Numbers {
    number: Number,
}

impl Told for AlikeInside {
    fn told(&self) -> Value {
        json!({ "object": ["Alike", [["shape", self.shape.told()]]] })
    }
}

members! {
    Level { Low = "LOW", High = "HIGH" }
}

dicts! {
    Options { depth, mode }
    Partial { depth, label }
    FamiliesDict { level, pair, options, moded, modes, models }
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
    Moded { mode, took }
    ModedModel { mode, took }
    Pair { mode, level }
    Families {
        level, maybe_level, levels, pair, maybe_pair, pairs, options, maybe_options, moded, both
    }
    FamiliesModel {
        level, maybe_level, levels, pair, maybe_pair, pairs, options, maybe_options, moded, both,
        model, models
    }
    FamiliesTuple { level, pair, options, moded, modes, model }
    Loose { value, bare, items }
    LooseModel { value, bare, items }
    Moments { at, day, took }
    MomentsModel { at, day, took }
    Dated { time_or_date }
    DatedModel { time_or_date }
    IntNumber { value }
    FloatNumber { value }
    Numbers { number }
}

/// An enum of types, told as the value it holds.
macro_rules! unions {
    ($($(#[$doc:meta])* $union:ident { $($alternative:ident($held:ty)),+ })+) => {
        $($(#[$doc])*
        #[derive(Debug, FlyteType)]
        pub(crate) enum $union {
            $($alternative($held)),+
        }

        impl Told for $union {
            fn told(&self) -> Value {
                match self { $(Self::$alternative(value) => value.told()),+ }
            }
        })+
    };
}

unions! {
    IntOrStr { Int(i64), Str(String) }
    Scalar { Int(i64), Float(f64), Bool(bool) }
    ListOrMap { List(Vec<i64>), Map(BTreeMap<String, i64>) }
    Shape { Circle(Circle), Square(Square) }
    /// The first one accepts whatever the second one does.
    Alike { Square(Square), Labelled(Labelled) }
    /// The first one has a default for what the second one has not.
    LabelledOrSquare { Labelled(Labelled), Square(Square) }
    Number { Int(IntNumber), Float(FloatNumber) }
    DateOrTime { Date(Date), Time(Datetime) }
    TimeOrDate { Time(Datetime), Date(Date) }
    TimeOrText { Time(Datetime), Text(String) }
    DateOrText { Date(Date), Text(String) }
    SpanOrReal { Span(SignedDuration), Real(f64) }
    RealOrSpan { Real(f64), Span(SignedDuration) }
    WholeOrSpan { Whole(i64), Span(SignedDuration) }
    SpanOrText { Span(SignedDuration), Text(String) }
    LevelOrInt { Level(Level), Int(i64) }
    ModeOrText { Mode(Mode), Text(String) }
    ModeOrLevel { Mode(Mode), Level(Level) }
    RowOrInt { Row(Row), Int(i64) }
    RowOrOptions { Row(Row), Options(Options) }
    OptionsOrInt { Options(Options), Int(i64) }
    ModesOrInt { Modes(Vec<Mode>), Int(i64) }
}
