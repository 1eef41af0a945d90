//! msgpack values and whole literals, as typed values are written. Campaigns read every file both
//! ways, and as a protobuf object.

use connector_core::jiff::SignedDuration;
use connector_core::pb::{self, literal, scalar};
use connector_core::typed::{Style, Value};
use connector_core::{File, FlyteType};
use prost::Message as _;
use prost_types::{ListValue, Struct, value::Kind};
use serde_json::json;

use super::{entry, leap_day, moment, other_point, point};
use crate::corpus::Entry;
use crate::derived::{Branch, Choice, Mode, Model, Spelled, Tree};

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = payloads();
    entries.extend(literals());
    entries.push(entry("object-nested", object().encode_to_vec()));
    entries
}

fn model() -> Model {
    Model {
        point: Some(point()),
        points: vec![other_point(), point()],
        m: [(-1, Some(SignedDuration::from_micros(1))), (7, None)].into(),
        choice: Some(Choice::Point(point())),
        n: 255,
        file: Some(File::new("s3://b/f").name("f")),
        day: Some(leap_day()),
    }
}

fn spelled() -> Spelled {
    Spelled {
        b: bytes::Bytes::from_static(b"\x00\xff"),
        xs: Some((1, "a".to_owned(), None)),
        value: json!({"a": [1, 2.5, null, {"b": "c"}]}),
        i: u64::MAX,
        f: 0.1,
    }
}

fn tree() -> Tree {
    let branch = |children| Tree::Branch(Branch { children });
    branch(vec![Tree::Leaf(1), branch(vec![branch(vec![]), Tree::Leaf(-2)])])
}

/// Values inside objects, in both spellings.
fn payloads() -> Vec<Entry> {
    fn both<T: FlyteType + Clone>(name: &str, value: &T) -> [Entry; 2] {
        [("dataclass", Style::Dataclass), ("pydantic", Style::Pydantic)].map(|(style, spelling)| {
            let value = value.clone().into_value(spelling).unwrap_or(Value::Nil);
            let mut bytes = Vec::new();
            rmpv::encode::write_value(&mut bytes, &value).expect("writing to memory");
            entry(&format!("{name}-{style}"), bytes)
        })
    }
    let headers = Value::Map(vec![
        (Value::from("a"), Value::from("x".repeat(40))),
        (Value::from("b"), Value::from(vec![0_u8; 300])),
        (Value::from("c"), Value::Array(vec![Value::from(1); 20])),
        (Value::from("d"), Value::Map((0..20).map(|n| (Value::from(n), Value::Nil)).collect())),
        (Value::from("e"), Value::Ext(5, vec![0; 16])),
        (Value::from("a"), Value::F32(1.5)),
    ]);
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &headers).expect("writing to memory");
    let mut entries = vec![entry("headers", bytes)];
    for group in [
        both("integer", &i64::MIN),
        both("float", &f64::NAN),
        both("text", &"caf\u{e9} \u{1f600}".to_owned()),
        both("list", &vec![vec![Some(1_i64), None], vec![]]),
        both("datetime", &moment(-1)),
        both("date", &leap_day()),
        both(
            "duration",
            &(SignedDuration::from_secs(-366 * 86_400) - SignedDuration::from_micros(1)),
        ),
        both("mode", &Mode::Slow),
        both("point", &point()),
        both("points", &vec![point(), other_point()]),
        both("model", &model()),
        both("spelled", &spelled()),
        both("tree", &tree()),
        both("json", &json!([{"a": 1}, "b", -1.5, true, null])),
        both("file", &File::new("s3://b/f").hash("h")),
    ] {
        entries.extend(group);
    }
    entries.dedup_by(|later, earlier| later.bytes == earlier.bytes);
    entries
}

/// Whole literals.
fn literals() -> Vec<Entry> {
    fn of<T: FlyteType>(name: &str, value: T) -> Entry {
        let literal = value.into_literal().expect("a value that Flyte carries");
        entry(&format!("{name}-literal"), literal.encode_to_vec())
    }
    let generic = scalar::Value::Generic(object());
    let generic = literal::Value::Scalar(Box::new(pb::Scalar { value: Some(generic) }));
    let generic = pb::Literal { value: Some(generic), ..Default::default() };
    vec![
        of("some", Some(5_i64)),
        of("none", None::<i64>),
        of("nested", vec![vec![Some(1_i64), None], vec![]]),
        of("optional_list", Some(vec![None, Some(vec!["a".to_owned()])])),
        of("choice_float", Choice::Float(5.0)),
        of("choice_texts", vec![Choice::Texts(Vec::new()), Choice::Integers(vec![1])]),
        of("choice_object", Choice::Spelled(Spelled { i: 1, ..spelled() })),
        of("tree", tree()),
        of("tuple", ("a".to_owned(), Some(1.5_f64))),
        of("duration", SignedDuration::new(-1, -500_000_000)),
        of("datetime", moment(253_402_207_200_000_000)),
        of("file", Some(File::new("s3://b/f").hash("h"))),
        of("model", model()),
        of("generic", generic),
    ]
}

/// What a form in the user interface sends for a dataclass: numbers are doubles.
fn object() -> Struct {
    let value = |kind| prost_types::Value { kind: Some(kind) };
    let text = |text: &str| value(Kind::StringValue(text.to_owned()));
    let tags = ListValue { values: vec![text("a"), value(Kind::NumberValue(5.0))] };
    let fields = [
        ("x", value(Kind::NumberValue(1.0))),
        ("y", value(Kind::NumberValue(-1.5))),
        ("label", value(Kind::NullValue(0))),
        ("tags", value(Kind::ListValue(tags))),
        ("at", text("2024-01-02T03:04:05Z")),
        ("took", value(Kind::NumberValue(90.5))),
        ("mode", text("SLOW")),
        ("children", value(Kind::ListValue(ListValue::default()))),
        ("value", value(Kind::BoolValue(true))),
    ];
    Struct { fields: fields.map(|(key, value)| (key.to_owned(), value)).into() }
}
