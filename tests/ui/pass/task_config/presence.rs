//! Settings out of a protobuf object: numbers are floats there, and nothing can be said explicitly.

use connector_core::prelude::*;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Range {
    from: i64,
    #[flyte(default = 100)]
    to: i64,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Preset {
    Draft,
    Final,
}

#[derive(Debug, PartialEq, TaskConfig)]
struct RenderConfig {
    #[config(default = 24)]
    fps: u32,
    #[config(rename = "Preset")]
    preset: Preset,
    ranges: Vec<Range>,
    note: Option<String>,
    #[config(optional)]
    limit: Option<f64>,
    #[config(default)]
    dry_run: bool,
}

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn object(fields: &[(&str, Kind)]) -> Struct {
    let fields = fields.iter().map(|(name, kind)| ((*name).to_owned(), value(kind.clone())));
    Struct { fields: fields.collect() }
}

fn main() {
    let range = Kind::StructValue(object(&[("from", Kind::NumberValue(1.0))]));
    let list = Kind::ListValue(ListValue { values: vec![value(range)] });
    let custom = object(&[
        ("fps", Kind::NumberValue(30.0)),
        ("Preset", Kind::StringValue("final".into())),
        ("ranges", list.clone()),
        ("note", Kind::NullValue(0)),
        ("secrets", Kind::StructValue(object(&[("key", Kind::StringValue("name".into()))]))),
    ]);
    assert_eq!(
        RenderConfig::from_custom(custom).unwrap(),
        RenderConfig {
            fps: 30,
            preset: Preset::Final,
            ranges: vec![Range { from: 1, to: 100 }],
            note: None,
            limit: None,
            dry_run: false,
        }
    );

    // Nothing, said explicitly, takes the default.
    let custom = object(&[
        ("fps", Kind::NullValue(0)),
        ("Preset", Kind::StringValue("DRAFT".into())),
        ("ranges", Kind::ListValue(ListValue::default())),
    ]);
    assert_eq!(RenderConfig::from_custom(custom).unwrap().fps, 24);

    let wrong = object(&[
        ("fps", Kind::NumberValue(29.97)),
        ("Preset", Kind::BoolValue(true)),
        ("ranges", list),
    ]);
    let error = RenderConfig::from_custom(wrong).unwrap_err();
    assert_eq!(error.message().lines().count(), 3, "{error}");
    assert!(error.message().starts_with("the task's settings (`custom`) do not fit:"), "{error}");

    let fields = RenderConfig::describe().unwrap();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    assert_eq!(required, ["Preset", "ranges"]);
}
