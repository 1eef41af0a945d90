//! JSON and text from the command line as literals, by declared types or by guess.
//! `task` makes inputs of them; `shown` is the way back.
//! Core's own readers judge every value, so that no second opinion about types lives here.

use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::pb::{literal_type, scalar};
use connector_core::typed::{Form, Mismatches, Style};
use connector_core::{DataFrame, Dir, File, FlyteType, literal, pb};
use serde_json::Value as Json;

use super::kind::{self, Kind};

/// The literal of what was typed after `NAME=`.
pub(super) fn from_text(text: &str, declared: &pb::LiteralType) -> Result<pb::Literal, Mismatches> {
    if let Some(literal_type::Type::UnionType(union)) = &declared.r#type {
        // Text fits everything, so a string is what remains if nothing else fits.
        let (last, first): (Vec<_>, Vec<_>) =
            union.variants.iter().partition(|variant| Kind::of(variant) == Kind::Text);
        let fitting = first.into_iter().chain(last);
        return fitting
            .filter_map(|variant| Some((from_text(text, variant).ok()?, variant)))
            .map(|(value, variant)| wrapped(value, variant))
            .next()
            .ok_or_else(|| no_variant(union));
    }
    let json = match Kind::of(declared) {
        Kind::Text | Kind::Enum | Kind::Time => Json::from(text),
        Kind::Span => text.parse::<f64>().map_or_else(|_| text.into(), Json::from),
        Kind::File | Kind::Dir | Kind::Table if !text.trim_start().starts_with('{') => text.into(),
        Kind::None if ["null", "None", "none"].contains(&text) => Json::Null,
        // As Python writes them.
        Kind::Truth if text == "True" => Json::Bool(true),
        Kind::Truth if text == "False" => Json::Bool(false),
        Kind::Float if text.parse::<f64>().is_ok_and(|number| !number.is_finite()) => text.into(),
        _ => serde_json::from_str(text)
            .map_err(|_| Mismatches::expected(&kind::article(declared), "other text"))?,
    };
    from_json(&json, declared)
}

/// The literal of a JSON value of a declared type.
pub(super) fn from_json(
    json: &Json,
    declared: &pb::LiteralType,
) -> Result<pb::Literal, Mismatches> {
    let other = || Mismatches::expected(&kind::article(declared), found(json));
    match declared.r#type.as_ref() {
        Some(literal_type::Type::CollectionType(item)) => {
            let Json::Array(items) = json else { return Err(other()) };
            let items = items.iter().enumerate().map(|(index, value)| {
                from_json(value, item).map_err(|problems| problems.in_item(index))
            });
            Ok(literal::list(all(items)?))
        }
        Some(literal_type::Type::MapValueType(value_type)) => {
            let Json::Object(fields) = json else { return Err(other()) };
            let entries = fields.iter().map(|(key, value)| {
                let value = from_json(value, value_type);
                value.map(|value| (key, value)).map_err(|problems| problems.in_item(key))
            });
            Ok(literal::map(all(entries)?))
        }
        Some(literal_type::Type::UnionType(union)) => {
            // First the type whose own spelling this is: 5 is an int, though a float reads it, too.
            let own = union.variants.iter().filter(|variant| is_own(json, variant));
            let fitting = own.chain(&union.variants);
            fitting
                .filter_map(|variant| Some((from_json(json, variant).ok()?, variant)))
                .map(|(value, variant)| wrapped(value, variant))
                .next()
                .ok_or_else(|| no_variant(union))
        }
        Some(literal_type::Type::EnumType(members)) => {
            let text = json.as_str().ok_or_else(other)?;
            let exact = members.values.iter().find(|member| *member == text);
            let alike = || members.values.iter().find(|member| member.eq_ignore_ascii_case(text));
            exact.or_else(alike).map(literal::string).ok_or_else(|| {
                Mismatches::expected(&format!("one of {}", members.values.join(", ")), found(json))
            })
        }
        Some(literal_type::Type::Blob(blob)) => {
            let made = match (json, Kind::of(declared)) {
                (Json::String(uri), Kind::Dir) => Dir::new(uri).into_literal(),
                (Json::String(uri), _) => File::new(uri).into_literal(),
                (_, Kind::Dir) => read::<Dir>(json),
                _ => read::<File>(json),
            };
            made.map(|made| with_format(made, &blob.format))
        }
        Some(literal_type::Type::StructuredDatasetType(table)) => match json {
            Json::String(uri) => DataFrame::new(uri, &table.format).into_literal(),
            _ => read::<DataFrame>(json),
        },
        _ => match Kind::of(declared) {
            Kind::None if json.is_null() => Ok(literal::none()),
            Kind::Integer => read::<i64>(json),
            Kind::Float => match json.as_str().map(str::parse::<f64>) {
                // JSON has no other way to say them.
                Some(Ok(number)) if !number.is_finite() => Ok(literal::float(number)),
                _ => read::<f64>(json),
            },
            Kind::Text => read::<String>(json),
            Kind::Truth => read::<bool>(json),
            Kind::Time => read::<Timestamp>(json),
            Kind::Span => read::<SignedDuration>(json),
            Kind::Object if json.is_object() || json.is_array() => json.clone().into_literal(),
            Kind::Unknown => guessed(json).map(|(value, _)| value),
            _ => Err(other()),
        },
    }
}

/// The literal of a JSON value of which nothing is known, and its type.
pub(super) fn guessed(json: &Json) -> Result<(pb::Literal, pb::LiteralType), Mismatches> {
    Ok(match json {
        Json::Null => (literal::none(), kind::simple(pb::SimpleType::None)),
        Json::Bool(value) => (literal::boolean(*value), kind::simple(pb::SimpleType::Boolean)),
        Json::String(text) => (literal::string(text), kind::simple(pb::SimpleType::String)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => (literal::integer(whole), kind::simple(pb::SimpleType::Integer)),
            (None, Some(float)) if !number.is_u64() => {
                (literal::float(float), kind::simple(pb::SimpleType::Float))
            }
            _ => return Err(Mismatches::expected("an int of at most 64 bits", number)),
        },
        Json::Array(items) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(index, value)| guessed(value).map_err(|problems| problems.in_item(index)));
            let (literals, types): (Vec<_>, Vec<_>) = all(items)?.into_iter().unzip();
            let item = types.first().cloned();
            if types.iter().any(|other| Some(other) != item.as_ref()) {
                let advice = "the items of this list are of several types; declare the input in a \
                              --template to say how they belong together";
                return Err(Mismatches::new(advice));
            }
            let item = item.unwrap_or_else(|| kind::simple(pb::SimpleType::None));
            (literal::list(literals), kind::list(item))
        }
        Json::Object(_) => (json.clone().into_literal()?, Json::literal_type()),
    })
}

/// What was typed where nothing is known of the type: JSON, or else text.
pub(super) fn guessed_text(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// A value as core reads it from an object, written as a literal.
fn read<T: FlyteType>(json: &Json) -> Result<pb::Literal, Mismatches> {
    let form = Form::from(json.clone().into_value(Style::Dataclass)?);
    T::from_form(form)?.into_literal()
}

/// Whether a JSON value is a type's own spelling.
fn is_own(json: &Json, declared: &pb::LiteralType) -> bool {
    match Kind::of(declared) {
        Kind::None => json.is_null(),
        Kind::Integer => json.is_i64(),
        Kind::Float => json.is_f64(),
        Kind::Truth => json.is_boolean(),
        Kind::Text => json.is_string(),
        Kind::List => json.is_array(),
        Kind::Map | Kind::Object => json.is_object(),
        // Text that is more than text: a name of the enum, a time.
        Kind::Enum | Kind::Time => json.is_string() && from_json(json, declared).is_ok(),
        _ => false,
    }
}

fn wrapped(value: pb::Literal, variant: &pb::LiteralType) -> pb::Literal {
    let union = pb::Union { value: Some(Box::new(value)), r#type: Some(variant.clone()) };
    let scalar = pb::Scalar { value: Some(scalar::Value::Union(Box::new(union))) };
    pb::Literal { value: Some(pb::literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
}

fn no_variant(union: &pb::UnionType) -> Mismatches {
    let names: Vec<String> = union.variants.iter().map(kind::name).collect();
    Mismatches::new(format!("it fits none of {}", names.join(" | ")))
}

/// The declared format, where the value says none.
fn with_format(mut made: pb::Literal, format: &str) -> pb::Literal {
    if let Some(pb::literal::Value::Scalar(scalar)) = &mut made.value
        && let Some(scalar::Value::Blob(blob)) = &mut scalar.value
        && let Some(kind) = blob.metadata.as_mut().and_then(|metadata| metadata.r#type.as_mut())
        && kind.format.is_empty()
    {
        kind.format = format.to_owned();
    }
    made
}

/// Every item, or every problem.
fn all<T>(items: impl Iterator<Item = Result<T, Mismatches>>) -> Result<Vec<T>, Mismatches> {
    let mut problems = Mismatches::default();
    let mut kept = Vec::new();
    for item in items {
        match item {
            Ok(item) => kept.push(item),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(kept) } else { Err(problems) }
}

fn found(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "other text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_core::jiff::Timestamp;
    use connector_core::{Dir, File, FlyteType, literal, pb};
    use serde_json::json;

    use super::{from_json, from_text, guessed, guessed_text};
    use crate::run::shown;

    fn text<T: FlyteType>(text: &str) -> Result<pb::Literal, String> {
        from_text(text, &T::literal_type()).map_err(|problems| {
            let problems = problems.iter().map(|it| format!("{}: {}", it.path(), it.problem()));
            problems.collect::<Vec<_>>().join("; ")
        })
    }

    #[test]
    fn text_is_read_by_the_declared_type() {
        for (read, wanted) in [
            (text::<i64>("5"), literal::integer(5)),
            (text::<i64>("5.0"), literal::integer(5)),
            (text::<f64>("5"), literal::float(5.0)),
            (text::<f64>("-inf"), literal::float(f64::NEG_INFINITY)),
            (text::<String>("5"), literal::string("5")),
            (text::<bool>("True"), literal::boolean(true)),
            (text::<Vec<i64>>("[1, 2]"), literal::list([1, 2].map(literal::integer))),
            (
                text::<BTreeMap<String, f64>>(r#"{"a": 1}"#),
                literal::map([("a", literal::float(1.0))]),
            ),
            (text::<Option<i64>>("5"), Some(5_i64).into_literal().unwrap()),
            (text::<Option<i64>>("null"), None::<i64>.into_literal().unwrap()),
            (text::<Option<String>>("5"), Some("5".to_owned()).into_literal().unwrap()),
            (text::<File>("s3://b/f"), File::new("s3://b/f").into_literal().unwrap()),
            (text::<Dir>(r#"{"path": "s3://b/d"}"#), Dir::new("s3://b/d").into_literal().unwrap()),
        ] {
            assert_eq!(read, Ok(wanted));
        }
        assert_eq!(text::<i64>("x").unwrap_err(), ": expected an int, found other text");
        assert!(text::<i64>("5.7").unwrap_err().contains("5.7"));
        assert!(text::<Option<i64>>("x").unwrap_err().contains("int | None"));
        let both = text::<Vec<i64>>(r#"["a", 1, "b"]"#).unwrap_err();
        assert!(both.contains("[0]") && both.contains("[2]") && !both.contains("[1]"), "{both}");
    }

    #[test]
    fn what_is_shown_is_read_back() {
        let time = "2024-01-02T03:04:05.678901Z".parse::<Timestamp>().unwrap();
        for (value, declared) in [
            (time.into_literal().unwrap(), Timestamp::literal_type()),
            (File::new("f").into_literal().unwrap(), File::literal_type()),
            (literal::float(f64::INFINITY), f64::literal_type()),
            (Some(0_i64).into_literal().unwrap(), Option::<i64>::literal_type()),
        ] {
            assert_eq!(from_json(&shown::literal(&value), &declared), Ok(value));
        }
    }

    #[test]
    fn guesses_are_json_and_otherwise_text() {
        for (text, wanted) in [
            ("5", literal::integer(5)),
            ("5.0", literal::float(5.0)),
            ("true", literal::boolean(true)),
            ("a b", literal::string("a b")),
            ("\"5\"", literal::string("5")),
            ("[1]", literal::list([literal::integer(1)])),
        ] {
            assert_eq!(guessed(&guessed_text(text)).unwrap().0, wanted, "{text}");
        }
        assert!(guessed(&json!([1, "a"])).unwrap_err().to_string().contains("several types"));
        assert!(guessed(&json!(u64::MAX)).is_err());
    }
}
