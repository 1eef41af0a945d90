//! The Rust counterparts of those classes in `typed_classes.py` that hold unions or each other.
//! `mod.rs` pairs them with the cases.

use std::collections::BTreeMap;

use connector_core::jiff::SignedDuration;
use connector_core::jiff::civil::Date;
use connector_core::{Datetime, FlyteType};
use interop_tests::told::Told;
use serde_json::{Value, json};

use super::classes::{Circle, Labelled, Level, Mode, Options, Row, Square};

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

dicts! {
    FamiliesDict { level, pair, options, moded, modes, models }
}

objects! {
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

unions! {
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
