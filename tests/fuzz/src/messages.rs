//! Messages that are whole but odd: every kind of value, nested anyhow, under likely names.
//! Campaigns add these to the broken examples, which seldom get past the first reader.

use connector_core::pb::{self, literal, primitive, scalar, task};
use connector_service::pb::CreateTaskRequest;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use rmpv::Value;

use crate::Input;

/// Names that some type reads.
const NAMES: &[&str] = &[
    "i",
    "f",
    "s",
    "b",
    "at",
    "took",
    "xs",
    "m",
    "opt",
    "mode",
    "point",
    "points",
    "file",
    "dir",
    "df",
    "x",
    "y",
    "label",
    "tags",
    "children",
    "value",
    "path",
    "name",
    "format",
    "hash",
    "uri",
    "item_0",
    "item_1",
    "item_2",
    "1",
    "-1",
    "255",
    "true",
    "result",
    "duration_seconds",
    "",
];

/// Texts that some type reads.
const TEXTS: &[&str] = &[
    "fast",
    "FAST",
    "slow",
    "SLOW",
    "true",
    "1",
    "-1.5",
    "NaN",
    "",
    "s3://bucket/key",
    "2024-01-02",
    "2024-01-02T03:04:05.678901+00:00",
    "2024-01-02T03:04:05.678901234Z",
    "1969-12-31T23:59:59.999999999Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999",
    "-004400-03-01T00:00:00Z",
    "9999-12-31",
    "-009999-01-01",
    "2024-06-30T23:59:60Z",
    "PT1M30.5S",
    "-P2Y70DT1.5S",
    "P106751991167300D",
    "PT0.0000000009S",
    "P1Y",
    "PT9223372036854775807S",
    "\u{1f600}",
    "\u{0}\u{7f}\u{2028}",
];

/// What unions call their alternatives.
const TAGS: &[&str] = &[
    "int",
    "float",
    "str",
    "bool",
    "datetime",
    "date",
    "timedelta",
    "none",
    "Typed List",
    "Typed Dict",
    "Typed Union",
    "DefaultEnumTransformer",
    "Object-Dataclass-Transformer",
    "Pydantic Transformer",
    "Protobuf-Transformer",
    "File",
    "Dir",
    "Typed Tuple",
    "DataFrame Transformer",
    "FlytePickle",
    "",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(TEXTS).prop_map(str::to_owned),
        1 => select(NAMES).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![6 => select(NAMES).prop_map(str::to_owned), 1 => text()]
}

fn integer() -> impl Strategy<Value = i64> {
    const EDGES: &[i64] = &[
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        -129,
        65_536,
        i64::MAX,
        i64::MIN,
        1 << 53,
        (1 << 53) + 1,
        253_402_300_799,
        -62_135_596_800,
        1_000_000_000_000_000,
        86_399_999_999_999,
    ];
    prop_oneof![2 => select(EDGES), 2 => -300..300_i64, 1 => any::<i64>()]
}

fn float() -> impl Strategy<Value = f64> {
    const EDGES: &[f64] = &[
        0.0,
        -0.0,
        1.0,
        90.5,
        -1.5,
        0.000_001,
        1e-9,
        1e15,
        1e16,
        1e300,
        9_007_199_254_740_993.0,
        10_000_000_000.000_002,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
    ];
    prop_oneof![2 => select(EDGES), 1 => any::<f64>(), 1 => any::<u64>().prop_map(f64::from_bits)]
}

/// A msgpack value.
pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Nil),
        1 => any::<bool>().prop_map(Value::from),
        3 => integer().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        2 => float().prop_map(Value::F64),
        1 => any::<f32>().prop_map(Value::F32),
        4 => text().prop_map(Value::from),
        1 => vec(any::<u8>(), 0..12).prop_map(Value::from),
        1 => (any::<i8>(), vec(any::<u8>(), 0..20)).prop_map(|(kind, bytes)| Value::Ext(kind, bytes)),
    ];
    leaf.prop_recursive(5, 48, 8, |inner| {
        let key = prop_oneof![
            8 => name().prop_map(Value::from),
            1 => integer().prop_map(Value::from),
            1 => inner.clone(),
        ];
        prop_oneof![
            2 => vec(inner.clone(), 0..6).prop_map(Value::Array),
            3 => vec((key, inner), 0..8).prop_map(Value::Map),
        ]
    })
}

/// The bytes of a msgpack value.
pub fn msgpack() -> impl Strategy<Value = Input> {
    value().prop_map(|value| Input(msgpack_of(&value)))
}

fn msgpack_of(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).expect("writing to memory");
    bytes
}

fn protobuf_value() -> impl Strategy<Value = prost_types::Value> {
    let leaf = prop_oneof![
        Just(None),
        any::<i32>().prop_map(|null| Some(Kind::NullValue(null))),
        float().prop_map(|number| Some(Kind::NumberValue(number))),
        text().prop_map(|text| Some(Kind::StringValue(text))),
        any::<bool>().prop_map(|value| Some(Kind::BoolValue(value))),
    ];
    leaf.prop_map(|kind| prost_types::Value { kind }).prop_recursive(4, 24, 6, |inner| {
        let list =
            vec(inner.clone(), 0..5).prop_map(|values| Kind::ListValue(ListValue { values }));
        let object =
            btree_map(name(), inner, 0..6).prop_map(|fields| Kind::StructValue(Struct { fields }));
        prop_oneof![list, object].prop_map(|kind| prost_types::Value { kind: Some(kind) })
    })
}

pub(crate) fn object() -> impl Strategy<Value = Struct> {
    btree_map(name(), protobuf_value(), 0..6).prop_map(|fields| Struct { fields })
}

fn blob() -> impl Strategy<Value = pb::Blob> {
    let format = select(&["", "csv", "PythonPickle"][..]);
    let kind = option::of((format, -1..4_i32).prop_map(|(format, dimensionality)| pb::BlobType {
        format: format.to_owned(),
        dimensionality,
    }));
    let metadata = option::of(kind.prop_map(|r#type| pb::BlobMetadata { r#type }));
    (metadata, text()).prop_map(|(metadata, uri)| pb::Blob { metadata, uri })
}

fn table() -> impl Strategy<Value = pb::StructuredDataset> {
    let kind = option::of(
        text().prop_map(|format| pb::StructuredDatasetType { format, ..Default::default() }),
    );
    let metadata = option::of(kind.prop_map(|structured_dataset_type| {
        pb::StructuredDatasetMetadata { structured_dataset_type }
    }));
    (text(), metadata).prop_map(|(uri, metadata)| pb::StructuredDataset { uri, metadata })
}

fn primitive() -> impl Strategy<Value = pb::Primitive> {
    let instant = || (integer(), any::<i32>(), any::<bool>());
    // Most times have a fraction that a clock can show.
    let nanos = |nanos: i32, wild: bool| if wild { nanos } else { nanos % 1_000_000_000 };
    let value = prop_oneof![
        integer().prop_map(primitive::Value::Integer),
        float().prop_map(primitive::Value::FloatValue),
        text().prop_map(primitive::Value::StringValue),
        any::<bool>().prop_map(primitive::Value::Boolean),
        instant().prop_map(move |(seconds, fraction, wild)| {
            let nanos = nanos(fraction, wild).saturating_abs();
            primitive::Value::Datetime(prost_types::Timestamp { seconds, nanos })
        }),
        instant().prop_map(move |(seconds, fraction, wild)| {
            let nanos = nanos(fraction, wild);
            primitive::Value::Duration(prost_types::Duration { seconds, nanos })
        }),
    ];
    option::weighted(0.95, value).prop_map(|value| pb::Primitive { value })
}

fn binary() -> impl Strategy<Value = pb::Binary> {
    let tag = prop_oneof![9 => Just("msgpack"), 1 => Just(""), 1 => Just("json")];
    let content = prop_oneof![
        8 => value().prop_map(|value| msgpack_of(&value)),
        1 => vec(any::<u8>(), 0..24),
    ];
    (tag, content)
        .prop_map(|(tag, content)| pb::Binary { value: content.into(), tag: tag.to_owned() })
}

/// A literal of any kind, nested anyhow.
pub fn literal() -> impl Strategy<Value = pb::Literal> {
    let scalar = prop_oneof![
        6 => primitive().prop_map(scalar::Value::Primitive),
        1 => Just(scalar::Value::NoneType(pb::Void {})),
        6 => binary().prop_map(scalar::Value::Binary),
        2 => object().prop_map(scalar::Value::Generic),
        2 => blob().prop_map(scalar::Value::Blob),
        1 => table().prop_map(scalar::Value::StructuredDataset),
        1 => text().prop_map(|message| scalar::Value::Error(pb::Error {
            message,
            ..Default::default()
        })),
    ];
    let scalar = option::weighted(0.97, scalar).prop_map(of_scalar);
    let stored = text().prop_map(|uri| {
        literal::Value::OffloadedMetadata(pb::LiteralOffloadedMetadata {
            uri,
            ..Default::default()
        })
    });
    let leaf = prop_oneof![16 => scalar, 1 => stored, 1 => Just(literal::Value::Map(pb::LiteralMap::default()))];
    let hash = || prop_oneof![3 => Just(String::new()), 1 => Just("h".to_owned())];
    let whole = |(value, hash)| pb::Literal { value: Some(value), hash, ..Default::default() };
    (leaf, hash()).prop_map(whole).prop_recursive(4, 24, 5, move |inner| {
        let list = vec(inner.clone(), 0..5)
            .prop_map(|literals| literal::Value::Collection(pb::LiteralCollection { literals }));
        let map = btree_map(name(), inner.clone(), 0..5)
            .prop_map(|literals| literal::Value::Map(pb::LiteralMap { literals }));
        let union = (option::weighted(0.97, inner), select(TAGS))
            .prop_map(|(inner, tag)| tagged(inner, tag));
        (prop_oneof![1 => list, 1 => map, 2 => union], hash()).prop_map(whole)
    })
}

fn of_scalar(value: Option<scalar::Value>) -> literal::Value {
    literal::Value::Scalar(Box::new(pb::Scalar { value }))
}

/// A value wrapped for a union, under that tag.
#[must_use]
pub fn tagged(inner: Option<pb::Literal>, tag: &str) -> literal::Value {
    let structure = Some(pb::TypeStructure { tag: tag.to_owned(), ..Default::default() });
    let r#type = Some(pb::LiteralType { structure, ..Default::default() });
    of_scalar(Some(scalar::Value::Union(Box::new(pb::Union {
        value: inner.map(Box::new),
        r#type,
    }))))
}

/// The bytes of a literal.
pub fn literal_bytes() -> impl Strategy<Value = Input> {
    literal().prop_map(|literal| Input(literal.encode_to_vec()))
}

/// The bytes of a request to create a task, for a connector of the examples or for none.
pub fn create_task() -> impl Strategy<Value = Input> {
    let named = (name(), option::weighted(0.97, literal()))
        .prop_map(|(name, value)| task::NamedLiteral { name, value });
    let inputs =
        vec(named, 0..8).prop_map(|literals| task::Inputs { literals, ..Default::default() });
    let task_type = select(&["batch_job", "echo", "typed_echo", "unknown"][..]);
    let template = (task_type, -1..3_i32, option::of(object())).prop_map(
        |(task_type, task_type_version, custom)| {
            Box::new(pb::TaskTemplate {
                r#type: task_type.to_owned(),
                task_type_version,
                custom,
                ..Default::default()
            })
        },
    );
    let entries = || btree_map(name(), text(), 0..3);
    let connection = (entries(), entries()).prop_map(|(secrets, configs)| pb::Connection {
        secrets,
        configs,
        ..Default::default()
    });
    (
        option::weighted(0.95, inputs),
        option::weighted(0.95, template),
        text(),
        option::of(connection),
    )
        .prop_map(|(inputs, template, output_prefix, connection)| {
            let request = CreateTaskRequest {
                inputs,
                template,
                output_prefix,
                connection,
                ..Default::default()
            };
            Input(request.encode_to_vec())
        })
}
