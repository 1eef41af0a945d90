//! Literals as JSON, for people and for programs that read a run's outputs.
//! Whatever `value` reads back into a literal is printed in a form it reads.
//! Nothing fails here: what JSON cannot hold is described.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use connector_core::custom_info::struct_to_json;
use connector_core::jiff::SignedDuration;
use connector_core::pb::{literal, primitive, scalar};
use connector_core::typed::{Form, Style, Value};
use connector_core::{Datetime, FlyteType, pb};
use serde_json::{Map, Value as Json, json};

/// Named literals as one JSON object. The last of equal names counts, as for the executor.
pub(super) fn object(literals: &[pb::task::NamedLiteral]) -> Json {
    let shown = |named: &pb::task::NamedLiteral| {
        (named.name.clone(), named.value.as_ref().map_or(Json::Null, literal))
    };
    Json::Object(literals.iter().map(shown).collect())
}

/// One literal as JSON.
pub(super) fn literal(literal: &pb::Literal) -> Json {
    match &literal.value {
        None => Json::Null,
        Some(literal::Value::Collection(list)) => {
            Json::Array(list.literals.iter().map(self::literal).collect())
        }
        Some(literal::Value::Map(map)) => {
            let shown =
                |(name, value): (&String, &pb::Literal)| (name.clone(), self::literal(value));
            Json::Object(map.literals.iter().map(shown).collect())
        }
        Some(literal::Value::OffloadedMetadata(stored)) => {
            json!({"uri": stored.uri, "size_bytes": stored.size_bytes})
        }
        Some(literal::Value::Scalar(scalar)) => match &scalar.value {
            None => Json::Null,
            Some(value) => of_scalar(value, &literal.hash),
        },
    }
}

fn of_scalar(value: &scalar::Value, hash: &str) -> Json {
    match value {
        scalar::Value::NoneType(_) => Json::Null,
        scalar::Value::Primitive(value) => value.value.as_ref().map_or(Json::Null, of_primitive),
        scalar::Value::Blob(blob) => {
            let kind = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.as_ref());
            let format = kind.map(|kind| kind.format.as_str()).unwrap_or_default();
            let said = [("path", blob.uri.as_str()), ("format", format), ("hash", hash)];
            // The path is there even if it is empty: it says what this is.
            let kept = said.into_iter().filter(|(name, text)| *name == "path" || !text.is_empty());
            Json::Object(kept.map(|(name, text)| (name.to_owned(), text.into())).collect())
        }
        scalar::Value::StructuredDataset(table) => {
            let metadata = table.metadata.as_ref();
            let kind = metadata.and_then(|it| it.structured_dataset_type.as_ref());
            json!({"uri": table.uri, "format": kind.map(|kind| kind.format.as_str()).unwrap_or_default()})
        }
        scalar::Value::Generic(object) => struct_to_json(object),
        scalar::Value::Union(union) => {
            union.value.as_ref().map_or(Json::Null, |inner| literal(inner))
        }
        scalar::Value::Binary(binary) => of_binary(binary),
        scalar::Value::Schema(schema) => json!({"uri": schema.uri}),
        scalar::Value::Error(error) => json!({"error": error.message}),
    }
}

fn of_primitive(value: &primitive::Value) -> Json {
    match value {
        primitive::Value::Integer(number) => (*number).into(),
        primitive::Value::FloatValue(number) => of_float(*number),
        primitive::Value::StringValue(text) => text.as_str().into(),
        primitive::Value::Boolean(value) => (*value).into(),
        primitive::Value::Datetime(time) => {
            spelled::<Datetime>(Form::Datetime(*time), Style::Dataclass)
                .unwrap_or_else(|| json!({"seconds": time.seconds, "nanos": time.nanos}))
        }
        primitive::Value::Duration(span) => {
            spelled::<SignedDuration>(Form::Duration(*span), Style::Pydantic)
                .unwrap_or_else(|| json!({"seconds": span.seconds, "nanos": span.nanos}))
        }
    }
}

/// JSON has neither NaN nor infinities.
fn of_float(number: f64) -> Json {
    serde_json::Number::from_f64(number)
        .map_or_else(|| Json::String(number.to_string()), Json::Number)
}

/// A time as text; `None` for one that no calendar shows.
fn spelled<T: FlyteType>(form: Form<'_>, style: Style) -> Option<Json> {
    T::from_form(form).ok()?.into_value(style).ok().map(|value| of_value(&value))
}

fn of_binary(binary: &pb::Binary) -> Json {
    let literal = pb::Literal {
        value: Some(literal::Value::Scalar(Box::new(pb::Scalar {
            value: Some(scalar::Value::Binary(binary.clone())),
        }))),
        ..Default::default()
    };
    // The bounded reader of core; what it refuses is shown as bytes.
    match Form::of(&literal) {
        Ok(Form::Fields(fields)) => of_value(&Value::Map(fields)),
        Ok(Form::Values(values)) => of_value(&Value::Array(values)),
        Ok(Form::Text(text)) => text.into_owned().into(),
        Ok(Form::Boolean(value)) => value.into(),
        Ok(Form::Integer(number)) => number.into(),
        Ok(Form::Huge(number)) => number.into(),
        Ok(Form::Float(number)) => of_float(number),
        Ok(Form::None) => Json::Null,
        _ if binary.tag.is_empty() => json!({"pickle": BASE64.encode(&binary.value)}),
        _ => json!({"bytes": BASE64.encode(&binary.value), "tag": binary.tag}),
    }
}

/// A value inside a msgpack object.
fn of_value(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(number) => {
            number.as_i64().map(Json::from).or_else(|| number.as_u64().map(Json::from)).into()
        }
        Value::F32(number) => of_float((*number).into()),
        Value::F64(number) => of_float(*number),
        Value::String(text) => {
            text.as_str().map_or_else(|| BASE64.encode(text.as_bytes()), str::to_owned).into()
        }
        Value::Binary(bytes) | Value::Ext(_, bytes) => BASE64.encode(bytes).into(),
        Value::Array(values) => values.iter().map(of_value).collect(),
        Value::Map(fields) => {
            let name = |key: &Value| key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            let fields = fields.iter().map(|(key, value)| (name(key), of_value(value)));
            Json::Object(fields.collect::<Map<String, Json>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{DataFrame, File, FlyteType, literal as made, pb};
    use serde_json::json;

    use super::literal;

    #[test]
    fn every_kind_has_a_form() {
        let some = Some(5_i64).into_literal().unwrap();
        for (value, shown) in [
            (made::integer(5), json!(5)),
            (made::float(2.0), json!(2.0)),
            (made::float(f64::NEG_INFINITY), json!("-inf")),
            (made::string("a"), json!("a")),
            (made::boolean(false), json!(false)),
            (made::none(), json!(null)),
            (made::list([made::integer(1)]), json!([1])),
            (made::map([("a", made::list([]))]), json!({"a": []})),
            (some, json!(5)),
            (File::new("s3://b/f").into_literal().unwrap(), json!({"path": "s3://b/f"})),
            (
                DataFrame::new("s3://b/t", "csv").into_literal().unwrap(),
                json!({"uri": "s3://b/t", "format": "csv"}),
            ),
            (json!({"a": [1, 2.5, null]}).into_literal().unwrap(), json!({"a": [1, 2.5, null]})),
            (pb::Literal::default(), json!(null)),
        ] {
            assert_eq!(literal(&value), shown);
        }
    }

    #[test]
    fn times_are_text_and_impossible_ones_numbers() {
        let primitive = |value| pb::Literal {
            value: Some(literal::Value::Scalar(Box::new(pb::Scalar {
                value: Some(pb::scalar::Value::Primitive(pb::Primitive { value: Some(value) })),
            }))),
            ..Default::default()
        };
        let time = |seconds, nanos| {
            let time = prost_types::Timestamp { seconds, nanos };
            literal(&primitive(pb::primitive::Value::Datetime(time)))
        };
        assert_eq!(time(0, 500_000_000), json!("1970-01-01T00:00:00.500000+00:00"));
        assert_eq!(time(i64::MAX, 0), json!({"seconds": i64::MAX, "nanos": 0}));
        let span = |seconds, nanos| {
            let span = prost_types::Duration { seconds, nanos };
            literal(&primitive(pb::primitive::Value::Duration(span)))
        };
        assert_eq!(span(90, 500_000_000), json!("PT1M30.5S"));
        assert_eq!(span(1, -1), json!({"seconds": 1, "nanos": -1}));
    }
}
