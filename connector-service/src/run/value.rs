//! JSON and text from the command line as literals, by declared types or by guess.
//! `task` makes inputs of them; `shown` is the way back.
//! Core's own readers judge every value, so that no second opinion about types lives here.

use std::borrow::Borrow;

use connector_core::jiff::SignedDuration;
use connector_core::jiff::civil::Date;
use connector_core::pb::{literal_type, scalar};
use connector_core::typed::{Form, Mismatches, Style};
use connector_core::{DataFrame, Datetime, Dir, File, FlyteType, literal, pb};
use serde_json::Value as Json;

use super::kind::{self, Kind};

/// The literal of what was typed after `NAME=`.
pub(super) fn from_text(text: &str, declared: &pb::LiteralType) -> Result<pb::Literal, Mismatches> {
    if let Some(literal_type::Type::UnionType(union)) = &declared.r#type {
        let mut fitting: Vec<&pb::LiteralType> = union.variants.iter().collect();
        fitting.sort_by_key(|variant| match Kind::of(variant) {
            // A date is a datetime, too.
            Kind::Day => 0,
            // Text fits everything, so a string is what remains if nothing else fits.
            Kind::Text => 2,
            _ => 1,
        });
        return first_fitting(union, fitting, |variant| from_text(text, variant));
    }
    let json = match Kind::of(declared) {
        Kind::Text | Kind::Enum | Kind::Day | Kind::Time => Json::from(text),
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
            first_fitting(union, fitting, |variant| from_json(json, variant))
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
            Kind::Day => read::<Date>(json),
            Kind::Time => read::<Datetime>(json),
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
        Kind::Enum | Kind::Day => json.is_string() && from_json(json, declared).is_ok(),
        // A date alone is a date before it is a midnight.
        Kind::Time => {
            json.as_str().is_some_and(|text| text.len() > "2024-01-02".len())
                && from_json(json, declared).is_ok()
        }
        _ => false,
    }
}

fn wrapped(value: pb::Literal, variant: &pb::LiteralType) -> pb::Literal {
    let union = pb::Union { value: Some(Box::new(value)), r#type: Some(variant.clone()) };
    let scalar = pb::Scalar { value: Some(scalar::Value::Union(Box::new(union))) };
    pb::Literal { value: Some(pb::literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
}

/// The first variant that takes the value, with the value in it.
fn first_fitting(
    union: &pb::UnionType,
    variants: impl IntoIterator<Item = impl Borrow<pb::LiteralType>>,
    read: impl Fn(&pb::LiteralType) -> Result<pb::Literal, Mismatches>,
) -> Result<pb::Literal, Mismatches> {
    for variant in variants {
        let variant = variant.borrow();
        if let Ok(value) = read(variant) {
            return Ok(wrapped(value, variant));
        }
    }
    let names: Vec<String> = union.variants.iter().map(kind::name).collect();
    let text = format!("it fits none of {}", names.join(" | "));
    // Where it is one type or nothing, that type says what is wrong.
    let mut types = union.variants.iter().filter(|variant| Kind::of(variant) != Kind::None);
    let problem = match (types.next(), types.next()) {
        (Some(only), None) => read(only).err(),
        _ => None,
    };
    Err(Mismatches::new(problem.map_or(text.clone(), |problem| format!("{text}: {problem}"))))
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

    use connector_core::jiff::civil::Date;
    use connector_core::{Datetime, Dir, File, FlyteType, literal, pb};
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
        let optional = text::<Option<i64>>("x").unwrap_err();
        assert_eq!(optional, ": it fits none of int | None: expected an int, found other text");
        let both = text::<Vec<i64>>(r#"["a", 1, "b"]"#).unwrap_err();
        assert!(both.contains("[0]") && both.contains("[2]") && !both.contains("[1]"), "{both}");
    }

    #[test]
    fn times_are_all_of_pythons_and_say_their_zone() {
        let last = text::<Datetime>("9999-12-31T23:59:59.999999").unwrap();
        let expected: Datetime = "9999-12-31T23:59:59.999999Z".parse().unwrap();
        assert_eq!(last, expected.into_literal().unwrap());
        let berlin = text::<Datetime>("2024-07-01T12:00:00[Europe/Berlin]").unwrap_err();
        assert!(berlin.contains("named zone; write its offset, such as +01:00"), "{berlin}");
        let berlin = text::<Option<Datetime>>("2024-07-01T12:00:00+02:00[Europe/Berlin]");
        assert!(berlin.unwrap_err().contains("named zone; write its offset"));
        // `date` and `datetime` have one type; inside a union a tag tells them apart.
        let tag = |read: Result<pb::Literal, String>| {
            let literal = read.unwrap();
            let Some(pb::literal::Value::Scalar(scalar)) = literal.value else { panic!() };
            let Some(pb::scalar::Value::Union(union)) = scalar.value else { panic!() };
            union.r#type.unwrap().structure.unwrap().tag
        };
        let declared = union(&[Date::literal_type(), Datetime::literal_type()]);
        for (said, expected) in [("2024-01-02", "date"), ("2024-01-02T03:04", "datetime")] {
            let read = from_text(said, &declared).map_err(|found| found.to_string());
            assert_eq!(tag(read), expected);
            let read = from_json(&json!(said), &declared).map_err(|found| found.to_string());
            assert_eq!(tag(read), expected);
        }
    }

    /// A union of a date and a datetime, as Python declares it.
    fn union(variants: &[pb::LiteralType]) -> pb::LiteralType {
        let tagged = |tag: &str, declared: &pb::LiteralType| pb::LiteralType {
            structure: Some(pb::TypeStructure { tag: tag.to_owned(), ..Default::default() }),
            ..declared.clone()
        };
        let variants = variants.iter().zip(["date", "datetime"]);
        let variants = variants.map(|(declared, tag)| tagged(tag, declared)).rev().collect();
        let kind = pb::literal_type::Type::UnionType(pb::UnionType { variants });
        pb::LiteralType { r#type: Some(kind), ..Default::default() }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        let time = "2024-01-02T03:04:05.678901Z".parse::<Datetime>().unwrap();
        let last = "9999-12-31T23:59:59.999999Z".parse::<Datetime>().unwrap();
        for (value, declared) in [
            (time.into_literal().unwrap(), Datetime::literal_type()),
            (last.into_literal().unwrap(), Datetime::literal_type()),
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
