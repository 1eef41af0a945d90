//! An input as flytekit turns it into a value to send, and a value as Python's `str` writes it into a text.
//! `placeholders` puts both in their places.

use connector_core::ResourceMeta as _;
use connector_core::prelude::*;
use pb::{primitive, scalar};
use serde_json::{Number, Value};

/// The value of a literal: files and tables are their addresses, objects their JSON in a text.
///
/// # Errors
/// Says why there is none.
pub(crate) fn value(literal: &pb::Literal) -> Result<Value, String> {
    match literal.value.as_ref().ok_or("it came without a value")? {
        pb::literal::Value::Scalar(scalar) => of_scalar(scalar, literal),
        pb::literal::Value::Collection(list) => list.literals.iter().map(value).collect(),
        pb::literal::Value::Map(map) => {
            let members =
                map.literals.iter().map(|(name, member)| Ok((name.clone(), value(member)?)));
            Ok(Value::Object(members.collect::<Result<_, String>>()?))
        }
        pb::literal::Value::OffloadedMetadata(_) => {
            Err("it is so large that only its address was sent".to_owned())
        }
    }
}

fn of_scalar(scalar: &pb::Scalar, literal: &pb::Literal) -> Result<Value, String> {
    Ok(match scalar.value.as_ref().ok_or("it came without a value")? {
        scalar::Value::Primitive(primitive) => of_primitive(primitive, literal)?,
        scalar::Value::NoneType(_) => Value::Null,
        scalar::Value::Error(error) => error.message.clone().into(),
        scalar::Value::StructuredDataset(table) => table.uri.clone().into(),
        scalar::Value::Schema(table) => table.uri.clone().into(),
        scalar::Value::Blob(blob) => blob.uri.clone().into(),
        scalar::Value::Generic(object) => connector_core::custom_info::struct_to_json(object),
        scalar::Value::Union(union) => match &union.value {
            Some(inner) => value(inner)?,
            None => Value::Null,
        },
        scalar::Value::Binary(_) => {
            let json = Value::from_literal(literal).map_err(|found| found.to_string())?;
            // As `json.dumps` spells it, which is how metadata are spelled.
            let text = json.encode().map_err(|error| error.to_string())?;
            String::from_utf8_lossy(&text).into_owned().into()
        }
    })
}

fn of_primitive(primitive: &pb::Primitive, literal: &pb::Literal) -> Result<Value, String> {
    Ok(match primitive.value.as_ref().ok_or("it came without a value")? {
        primitive::Value::Integer(number) => (*number).into(),
        primitive::Value::FloatValue(number) => float(*number)?,
        primitive::Value::StringValue(text) => text.clone().into(),
        primitive::Value::Boolean(value) => (*value).into(),
        primitive::Value::Datetime(_) => {
            let at = Datetime::from_literal(literal).map_err(|found| found.to_string())?;
            iso(at).ok_or("it is no date of Python's")?.into()
        }
        primitive::Value::Duration(span) => {
            #[expect(clippy::cast_precision_loss, reason = "seconds of a duration are below 2^53")]
            let seconds = span.seconds as f64;
            // Python counts microseconds.
            float(seconds + f64::from(span.nanos / 1_000) / 1e6)?
        }
    })
}

fn float(number: f64) -> Result<Value, String> {
    let number = Number::from_f64(number).map(Value::Number);
    number.ok_or_else(|| "it is a float that JSON cannot say".to_owned())
}

/// A time in UTC as Python's `isoformat` writes it: microseconds only where there are any.
fn iso(at: Datetime) -> Option<String> {
    let micros = at.subsec_nanos() / 1_000;
    let civil = at.civil()?;
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    Some(format!("{}{fraction}+00:00", civil.strftime("%Y-%m-%dT%H:%M:%S")))
}

/// The value as Python's `str` writes it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// The value as Python's `repr` writes it.
fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(number) => repr_float(number),
            None => number.to_string(),
        },
        Value::String(text) => repr_text(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(name, member)| format!("{}: {}", repr_text(name), repr(member)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// The shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
fn repr_float(number: f64) -> String {
    if number == 0.0 || (1e-4..1e16).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if exponent.starts_with('-') { '-' } else { '+' };
    format!("{digits}e{sign}{:0>2}", exponent.trim_start_matches('-'))
}

fn repr_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            letter if letter == quote => out.extend(['\\', letter]),
            letter if letter.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::{repr_float, text, value};

    #[test]
    fn inputs_are_what_flytekit_makes_of_them() {
        let at = UNIX_EPOCH + Duration::from_secs(1_704_164_645);
        let object = json!({"b": [1, 2.0], "é": null}).into_literal().unwrap();
        for (literal, made) in [
            (literal::integer(-7), json!(-7)),
            (literal::float(2.0), json!(2.0)),
            (literal::datetime(at), json!("2024-01-02T03:04:05+00:00")),
            (
                literal::datetime(at + Duration::from_nanos(678_901_999)),
                json!("2024-01-02T03:04:05.678901+00:00"),
            ),
            (Duration::from_millis(90_500).into_literal().unwrap(), json!(90.5)),
            (Some(3_i64).into_literal().unwrap(), json!(3)),
            (None::<i64>.into_literal().unwrap(), Value::Null),
            (File::new("s3://b/f").into_literal().unwrap(), json!("s3://b/f")),
            (object, json!(r#"{"b": [1, 2.0], "\u00e9": null}"#)),
        ] {
            assert_eq!(value(&literal).unwrap(), made);
        }
        assert!(value(&literal::float(f64::NAN)).is_err());
        assert!(value(&pb::Literal::default()).is_err());
    }

    #[test]
    fn texts_are_as_python_writes_them() {
        let all = json!([null, true, 1, 1.0, "it's", "a\"b'c", "\n\u{1}é", {"k": []}]);
        assert_eq!(text(&all), r#"[None, True, 1, 1.0, "it's", 'a"b\'c', '\n\x01é', {'k': []}]"#);
        for (number, written) in [
            (0.5, "0.5"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (-1.5e22, "-1.5e+22"),
            (0.0001, "0.0001"),
            (0.000012, "1.2e-05"),
            (1e-300, "1e-300"),
        ] {
            assert_eq!(repr_float(number), written);
        }
    }
}
