//! Inputs of a task as values that Snowflake binds, for every type of Flyte that has a counterpart.

use std::fmt::Write as _;

use connector_core::prelude::*;
use pb::{literal, primitive, scalar};
use serde_json::{Value, json};

/// A value as the session protocol carries it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bind {
    pub(crate) kind: &'static str,
    /// `None` for NULL.
    pub(crate) value: Option<String>,
}

impl Bind {
    fn new(kind: &'static str, value: impl Into<String>) -> Self {
        Self { kind, value: Some(value.into()) }
    }

    /// As a member of `bindings`.
    pub(crate) fn json(&self) -> Value {
        json!({"type": self.kind, "value": self.value})
    }

    /// The value as Python's client writes it into a statement, where it needs no quotes: such a text can
    /// stand inside of quotes, too.
    pub(crate) fn bare(&self) -> Option<String> {
        match (self.kind, self.value.as_deref()) {
            ("FIXED" | "REAL", Some(number)) => Some(number.to_owned()),
            ("BOOLEAN", Some(value)) => Some(value.to_uppercase()),
            _ => None,
        }
    }
}

/// An input: one value, or the values of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    One(Bind),
    Many(Vec<Bind>),
}

/// Reads an input.
///
/// # Errors
/// What it is, where Snowflake has no value for it.
pub(crate) fn input(literal: &pb::Literal) -> Result<Input, String> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => match scalar.value.as_ref() {
            // An Optional list.
            Some(scalar::Value::Union(union)) => input(union.value.as_deref().ok_or(NOTHING)?),
            _ => scalar_bind(scalar).map(Input::One),
        },
        Some(literal::Value::Collection(list)) => {
            let items = list.literals.iter().map(|item| match input(item)? {
                Input::One(bind) => Ok(bind),
                Input::Many(_) => Err("a list of lists, which Snowflake cannot bind".to_owned()),
            });
            items.collect::<Result<_, _>>().map(Input::Many)
        }
        Some(literal::Value::Map(_)) => {
            Err("a dictionary; pass it as JSON text and read it with PARSE_JSON".to_owned())
        }
        Some(_) => Err("a value that was stored elsewhere because of its size".to_owned()),
        // So Flyte's task class sends what a call has left out.
        None => Err(format!("{NOTHING}; the call has left it out, or misspelt it")),
    }
}

const NOTHING: &str = "a literal without a value";

fn scalar_bind(scalar: &pb::Scalar) -> Result<Bind, String> {
    match scalar.value.as_ref() {
        Some(scalar::Value::Primitive(primitive)) => match primitive.value.as_ref() {
            Some(primitive::Value::Integer(value)) => Ok(Bind::new("FIXED", value.to_string())),
            Some(primitive::Value::FloatValue(value)) => Ok(Bind::new("REAL", float(*value))),
            Some(primitive::Value::StringValue(value)) => Ok(Bind::new("TEXT", value.clone())),
            Some(primitive::Value::Boolean(value)) => Ok(Bind::new("BOOLEAN", value.to_string())),
            Some(primitive::Value::Datetime(at)) => Ok(Bind::new("TIMESTAMP_TZ", moment(at))),
            Some(primitive::Value::Duration(span)) => Ok(Bind::new("TEXT", clock(span))),
            None => Err(NOTHING.to_owned()),
        },
        Some(scalar::Value::NoneType(_)) => Ok(Bind { kind: "ANY", value: None }),
        Some(scalar::Value::Binary(bytes)) if bytes.tag.is_empty() => {
            let mut hex = String::with_capacity(bytes.value.len() * 2);
            for byte in &bytes.value {
                write!(hex, "{byte:02x}").map_err(|error| error.to_string())?;
            }
            Ok(Bind::new("BINARY", hex))
        }
        Some(scalar::Value::Binary(bytes)) => {
            Err(format!("an object ({}); pass it as JSON text", bytes.tag))
        }
        Some(scalar::Value::Generic(_)) => {
            Err("an object; pass it as JSON text and read it with PARSE_JSON".to_owned())
        }
        Some(scalar::Value::Blob(_)) => Err("a file; pass its URI as text".to_owned()),
        Some(scalar::Value::StructuredDataset(_) | scalar::Value::Schema(_)) => {
            Err("a data frame; name its table in the statement".to_owned())
        }
        Some(scalar::Value::Union(_) | scalar::Value::Error(_)) | None => Err(NOTHING.to_owned()),
    }
}

/// As Python prints a float: always with a point or an exponent.
fn float(value: f64) -> String {
    if value.is_nan() { "NaN".to_owned() } else { format!("{value:?}") }
}

/// Nanoseconds since 1970, and the offset of UTC in minutes plus a day. Flyte's datetimes are UTC.
fn moment(at: &prost_types::Timestamp) -> String {
    let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
    format!("{nanos} 1440")
}

/// `HH:MM:SS.ffffff` with as many hours as it takes, as the official connector writes a timedelta. What
/// is negative has negative hours alone.
fn clock(span: &prost_types::Duration) -> String {
    let micros = i128::from(span.seconds) * 1_000_000 + i128::from(span.nanos / 1_000);
    let (hours, rest) = (micros.div_euclid(3_600_000_000), micros.rem_euclid(3_600_000_000));
    let (minutes, rest) = (rest / 60_000_000, rest % 60_000_000);
    format!("{hours:02}:{minutes:02}:{:02}.{:06}", rest / 1_000_000, rest % 1_000_000)
}

#[cfg(test)]
mod tests {
    use connector_core::literal as make;
    use connector_core::prelude::*;
    use pb::{literal, scalar};

    use super::{Bind, Input, clock, input};

    fn of(value: scalar::Value) -> pb::Literal {
        let scalar = pb::Scalar { value: Some(value) };
        pb::Literal { value: Some(literal::Value::Scalar(scalar.into())), ..Default::default() }
    }

    fn primitive(value: pb::primitive::Value) -> pb::Literal {
        of(scalar::Value::Primitive(pb::Primitive { value: Some(value) }))
    }

    fn union(value: pb::Literal) -> pb::Literal {
        of(scalar::Value::Union(Box::new(pb::Union { value: Some(value.into()), r#type: None })))
    }

    fn list(literals: Vec<pb::Literal>) -> pb::Literal {
        let list = pb::LiteralCollection { literals };
        pb::Literal { value: Some(literal::Value::Collection(list)), ..Default::default() }
    }

    fn none() -> pb::Literal {
        of(scalar::Value::NoneType(pb::Void::default()))
    }

    #[test]
    fn every_scalar_of_flyte_has_a_type_here() {
        let at = prost_types::Timestamp { seconds: 1_704_164_645, nanos: 678_901_000 };
        let bytes = pb::Binary { value: vec![0, 255, 16].into(), tag: String::new() };
        for (literal, kind, value) in [
            (make::integer(-5), "FIXED", "-5"),
            (make::float(1.5), "REAL", "1.5"),
            (make::float(5.0), "REAL", "5.0"),
            (make::float(f64::NAN), "REAL", "NaN"),
            (make::float(f64::NEG_INFINITY), "REAL", "-inf"),
            (make::boolean(true), "BOOLEAN", "true"),
            (make::string("a'b\\"), "TEXT", "a'b\\"),
            (
                primitive(pb::primitive::Value::Datetime(at)),
                "TIMESTAMP_TZ",
                "1704164645678901000 1440",
            ),
            (of(scalar::Value::Binary(bytes)), "BINARY", "00ff10"),
            (union(make::integer(5)), "FIXED", "5"),
        ] {
            assert_eq!(input(&literal), Ok(Input::One(Bind::new(kind, value))), "{kind}");
        }
        let null = Bind { kind: "ANY", value: None };
        assert_eq!(input(&union(none())), Ok(Input::One(null.clone())));
        assert_eq!(null.json(), serde_json::json!({"type": "ANY", "value": null}));
        let many = input(&list(vec![make::integer(1), union(none())]));
        assert_eq!(many, Ok(Input::Many(vec![Bind::new("FIXED", "1"), null])));
        assert_eq!(input(&union(list(Vec::new()))), Ok(Input::Many(Vec::new())));
    }

    #[test]
    fn durations_are_written_as_the_official_connector_does() {
        for (seconds, nanos, text) in [
            (86_401, 500_000_000, "24:00:01.500000"),
            (0, 0, "00:00:00.000000"),
            (3_723, 4_000, "01:02:03.000004"),
            (-1, -500_000_000, "-1:59:58.500000"),
        ] {
            assert_eq!(clock(&prost_types::Duration { seconds, nanos }), text);
        }
    }

    #[test]
    fn what_snowflake_cannot_bind_is_named() {
        let map = pb::LiteralMap::default();
        let map = pb::Literal { value: Some(literal::Value::Map(map)), ..Default::default() };
        let object = pb::Binary { value: Default::default(), tag: "msgpack".to_owned() };
        for (literal, told) in [
            (map, "PARSE_JSON"),
            (list(vec![list(vec![])]), "list of lists"),
            (of(scalar::Value::Binary(object)), "an object (msgpack)"),
            (of(scalar::Value::Blob(pb::Blob::default())), "its URI"),
            (of(scalar::Value::StructuredDataset(pb::StructuredDataset::default())), "its table"),
            (pb::Literal::default(), "without a value; the call has left it out"),
        ] {
            let error = input(&literal).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
