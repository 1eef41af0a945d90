use connector_core::prelude::*;
use pb::literal_type::Type;
use pb::{SimpleType, literal, scalar};
use serde_json::{Value, json};

use super::{DatetimeAs, Parameter, interval};
use connector_core::literal as make;

fn simple(kind: SimpleType) -> pb::LiteralType {
    pb::LiteralType { r#type: Some(Type::Simple(kind as i32)), ..Default::default() }
}

fn list_of(kind: SimpleType) -> pb::LiteralType {
    let element = Box::new(simple(kind));
    pb::LiteralType { r#type: Some(Type::CollectionType(element)), ..Default::default() }
}

fn optional(kind: SimpleType) -> pb::LiteralType {
    let variants = vec![simple(kind), simple(SimpleType::None)];
    pb::LiteralType {
        r#type: Some(Type::UnionType(pb::UnionType { variants })),
        ..Default::default()
    }
}

fn scalar(value: scalar::Value) -> pb::Literal {
    let scalar = pb::Scalar { value: Some(value) };
    pb::Literal { value: Some(literal::Value::Scalar(scalar.into())), ..Default::default() }
}

fn union(value: pb::Literal) -> pb::Literal {
    scalar(scalar::Value::Union(Box::new(pb::Union { value: Some(value.into()), r#type: None })))
}

fn sent(literal: &pb::Literal, declared: Option<&pb::LiteralType>) -> (Value, Value) {
    let Parameter { kind, value } = Parameter::of(literal, declared, DatetimeAs::Datetime).unwrap();
    (kind, value)
}

fn at() -> pb::Literal {
    moment(1_704_164_645, 678_901_000)
}

fn moment(seconds: i64, nanos: i32) -> pb::Literal {
    let at = prost_types::Timestamp { seconds, nanos };
    let value = Some(pb::primitive::Value::Datetime(at));
    scalar(scalar::Value::Primitive(pb::Primitive { value }))
}

#[test]
fn scalars_are_those_of_the_official_connector() {
    for (literal, kind, value) in [
        (make::integer(5), "INT64", json!("5")),
        (make::float(1.5), "FLOAT64", json!(1.5)),
        (make::float(f64::NAN), "FLOAT64", json!("NaN")),
        (make::boolean(true), "BOOL", json!("true")),
        (make::string("a'b"), "STRING", json!("a'b")),
        (at(), "DATETIME", json!("2024-01-02T03:04:05.678901")),
    ] {
        assert_eq!(sent(&literal, None), (json!({"type": kind}), json!({"value": value})));
    }
}

#[test]
fn what_the_official_connector_refuses_is_sent() {
    let bytes = scalar(scalar::Value::Binary(pb::Binary {
        value: b"ab".to_vec().into(),
        tag: String::new(),
    }));
    assert_eq!(sent(&bytes, None), (json!({"type": "BYTES"}), json!({"value": "YWI="})));
    let some = union(make::integer(5));
    let kind = optional(SimpleType::Integer);
    assert_eq!(sent(&some, Some(&kind)), (json!({"type": "INT64"}), json!({"value": "5"})));
    let none = union(make::none());
    assert_eq!(sent(&none, Some(&kind)), (json!({"type": "INT64"}), json!({})));
    assert_eq!(sent(&make::none(), None), (json!({"type": "STRING"}), json!({})));

    let list = make::list([make::integer(1), make::integer(2)]);
    let array = |kind: &str| json!({"type": "ARRAY", "arrayType": {"type": kind}});
    assert_eq!(
        sent(&list, Some(&list_of(SimpleType::Integer))),
        (array("INT64"), json!({"arrayValues": [{"value": "1"}, {"value": "2"}]}))
    );
    assert_eq!(sent(&list, None).0, array("INT64"));
    let empty = make::list([]);
    assert_eq!(
        sent(&empty, Some(&list_of(SimpleType::String))),
        (array("STRING"), json!({"arrayValues": []}))
    );
    let Parameter { kind, value } = Parameter::of(&at(), None, DatetimeAs::Timestamp).unwrap();
    assert_eq!(kind, json!({"type": "TIMESTAMP"}));
    assert_eq!(value, json!({"value": "2024-01-02T03:04:05.678901Z"}));
}

#[test]
fn intervals_keep_sign_and_fraction() {
    let span = |seconds, nanos| interval(&prost_types::Duration { seconds, nanos }).unwrap();
    assert_eq!(span(90_061, 500_000_000), "0-0 0 25:1:1.500000");
    assert_eq!(span(-61, -1_000), "0-0 0 -0:1:1.000001");
}

#[test]
fn what_has_no_counterpart_is_named() {
    let map = make::map([("a", make::integer(1))]);
    let lists = make::list([make::list([make::integer(1)])]);
    for (literal, word) in [
        (map, "dictionary"),
        (lists, "list of lists"),
        (make::list([]), "empty list"),
        (make::list([make::integer(1), make::string("a")]), "different types"),
        (pb::Literal::default(), "without a value; the call has left it out"),
    ] {
        let problem = Parameter::of(&literal, None, DatetimeAs::Datetime).err().unwrap();
        assert!(problem.contains(word), "{problem}");
    }
}

#[test]
fn every_datetime_of_python_is_sent_and_no_other() {
    for (seconds, nanos, clock) in [
        (253_402_300_799, 999_999_000, "9999-12-31T23:59:59.999999"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00.000000"),
    ] {
        let (_, value) = sent(&moment(seconds, nanos), None);
        assert_eq!(value, json!({"value": clock}));
    }
    for (seconds, nanos) in
        [(253_402_300_800, 0), (-62_135_596_801, 0), (0, -1), (0, 1_000_000_000)]
    {
        let error =
            Parameter::of(&moment(seconds, nanos), None, DatetimeAs::Datetime).err().unwrap();
        assert!(error.contains("outside of the years 1 to 9999"), "{seconds} {nanos}: {error}");
    }
}

#[test]
fn a_duration_that_is_none_is_refused() {
    for (seconds, nanos) in [(315_576_000_001, 0), (i64::MIN, 0), (1, -1), (-1, 1), (0, i32::MAX)] {
        let error = interval(&prost_types::Duration { seconds, nanos }).unwrap_err();
        assert!(error.contains(&seconds.to_string()), "{error}");
    }
}
