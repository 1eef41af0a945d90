//! Requests to create a task: of each example connector, with inputs of every kind.

use std::collections::BTreeMap;

use connector_core::jiff::SignedDuration;
use connector_core::pb::{self, literal, scalar, task};
use connector_core::{DataFrame, Dir, File, FlyteType, literal as literals};
use connector_service::pb::{CreateTaskRequest, TaskExecutionMetadata};
use prost::Message as _;
use prost_types::{Struct, Value, value::Kind};

use super::{entry, leap_day, moment, other_point, point};
use crate::corpus::Entry;
use crate::derived::{Choice, Mode};
use crate::messages;

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = vec![
        entry("empty", Vec::new()),
        request("batch_job", Vec::new()),
        batch_job("batch_job-settings", Kind::NumberValue(0.0)),
        batch_job("batch_job-not_a_number", Kind::NumberValue(f64::NAN)),
        batch_job("batch_job-text", Kind::StringValue("5".to_owned())),
        executed(),
    ];
    entries.extend(inputs().into_iter().map(|(name, literal)| {
        let renamed = format!("echo-{name}");
        Entry { name: renamed, ..request("echo", vec![(name, literal)]) }
    }));
    let all = || inputs().into_iter().filter(|(name, _)| name.len() < 7).collect();
    entries.push(Entry { name: "echo-all".to_owned(), ..request("echo", all()) });
    entries.push(request("typed_echo", typed_echo()));
    entries.push(Entry {
        name: "typed_echo-wrapped".to_owned(),
        ..request("typed_echo", typed_echo().into_iter().map(wrapped).collect())
    });
    entries.push(Entry {
        name: "typed_echo-without".to_owned(),
        ..request("typed_echo", typed_echo().into_iter().skip(3).collect())
    });
    entries
}

type Named = (&'static str, pb::Literal);

fn request(task_type: &str, inputs: Vec<Named>) -> Entry {
    entry(task_type, message(task_type, inputs, None).encode_to_vec())
}

fn batch_job(name: &str, duration: Kind) -> Entry {
    let value = Value { kind: Some(duration) };
    let custom = Struct { fields: [("duration_seconds".to_owned(), value)].into() };
    entry(name, message("batch_job", Vec::new(), Some(custom)).encode_to_vec())
}

fn message(task_type: &str, inputs: Vec<Named>, custom: Option<Struct>) -> CreateTaskRequest {
    let literals = inputs
        .into_iter()
        .map(|(name, value)| task::NamedLiteral { name: name.to_owned(), value: Some(value) })
        .collect();
    CreateTaskRequest {
        inputs: Some(task::Inputs { literals, ..Default::default() }),
        template: Some(Box::new(pb::TaskTemplate {
            r#type: task_type.to_owned(),
            task_type_version: i32::from(task_type == "typed_echo"),
            custom,
            ..Default::default()
        })),
        output_prefix: "s3://bucket/out".to_owned(),
        ..Default::default()
    }
}

/// What the executor sends around the task.
fn executed() -> Entry {
    let text = |text: &str| text.to_owned();
    let execution = pb::WorkflowExecutionIdentifier {
        project: text("p"),
        domain: text("d"),
        name: text("n"),
        ..Default::default()
    };
    let node = pb::NodeExecutionIdentifier { node_id: text("n0"), execution_id: Some(execution) };
    let labels: BTreeMap<String, String> = [(text("team"), text("a"))].into();
    let request = CreateTaskRequest {
        task_execution_metadata: Some(Box::new(TaskExecutionMetadata {
            task_execution_id: Some(pb::TaskExecutionIdentifier {
                node_execution_id: Some(node),
                retry_attempt: 1,
                ..Default::default()
            }),
            labels: labels.clone(),
            environment_variables: labels.clone(),
            max_attempts: 3,
            ..Default::default()
        })),
        connection: Some(pb::Connection {
            secrets: labels.clone(),
            configs: labels,
            ..Default::default()
        }),
        ..message("batch_job", Vec::new(), None)
    };
    entry("batch_job-executed", request.encode_to_vec())
}

/// One literal of every kind.
fn inputs() -> Vec<Named> {
    let whole = |value| pb::Literal { value: Some(value), ..Default::default() };
    let of = |value| whole(literal::Value::Scalar(Box::new(pb::Scalar { value: Some(value) })));
    let stored = pb::LiteralOffloadedMetadata {
        uri: "s3://bucket/large".to_owned(),
        size_bytes: u64::MAX,
        ..Default::default()
    };
    let pickle = pb::Binary { value: b"\x80\x04K\x05."[..].into(), tag: String::new() };
    let error = pb::Error { message: "no".to_owned(), ..Default::default() };
    let deep = (0..20).fold(literals::integer(1), |inner, _| literals::list([inner]));
    let mut inputs = typed_echo();
    inputs.extend([
        ("none", literals::none()),
        ("nan", literals::float(f64::NAN)),
        ("deep", deep),
        ("nothing", pb::Literal::default()),
        ("offloaded", whole(literal::Value::OffloadedMetadata(stored))),
        ("pickle", of(scalar::Value::Binary(pickle))),
        ("error", of(scalar::Value::Error(error))),
        ("schema", of(scalar::Value::Schema(pb::Schema::default()))),
        ("union", whole(messages::tagged(Some(literals::integer(1)), "int"))),
        ("date", written(leap_day())),
        ("choice", written(Choice::Texts(vec!["a".to_owned()]))),
        ("hash", pb::Literal { hash: "h".to_owned(), ..literals::integer(1) }),
    ]);
    inputs
}

/// The inputs of `typed_echo`.
fn typed_echo() -> Vec<Named> {
    let file = File::new("s3://bucket/file").hash("h");
    vec![
        ("i", literals::integer(i64::MIN)),
        ("f", literals::float(-0.0)),
        ("s", literals::string("caf\u{e9}")),
        ("b", literals::boolean(true)),
        ("at", written(moment(-1))),
        ("took", written(SignedDuration::from_micros(-1_500_001))),
        ("xs", written(vec![1_i64, -1, 0])),
        ("m", literals::map([("a", literals::float(0.5)), ("", literals::float(1e300))])),
        ("opt", written(Some(5_i64))),
        ("mode", written(Mode::Fast)),
        ("point", written(point())),
        ("points", written(vec![point(), other_point()])),
        ("file", written(file)),
        ("dir", written(Dir::new("s3://bucket/dir"))),
        ("df", written(DataFrame::new("s3://bucket/df", "parquet"))),
    ]
}

fn written<T: FlyteType>(value: T) -> pb::Literal {
    value.into_literal().expect("a value that Flyte carries")
}

fn wrapped((name, literal): Named) -> Named {
    let tag = match name {
        "i" => "int",
        "f" => "float",
        "s" => "str",
        "xs" | "points" => "Typed List",
        _ => "Object-Dataclass-Transformer",
    };
    let value = Some(messages::tagged(Some(literal), tag));
    (name, pb::Literal { value, ..Default::default() })
}
