//! JSON of no declared type: Python's bare `dict`, and whatever else JSON can say.
//! `describe` shows defaults with it; authors hold it where a task may say anything.

use rmpv::Value;
use serde_json::{Number, Value as Json};

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::{Mismatches, collect};
use super::{FlyteType, Style, object, simple};
use crate::{literal as literals, pb};

/// Any JSON value, as it is: an object is Python's bare `dict`, and a list, a text, a number, true,
/// false and nothing are what they are in a task that declares that.
///
/// Numbers stay what they are, so that `1.0` is no integer; only where they came in settings or a form,
/// which have floats only, a whole one is an integer. What JSON cannot say is refused: NaN, infinities,
/// bytes, and keys other than text.
impl FlyteType for Json {
    const TAG: &'static str = "Typed Dict";

    fn literal_type() -> pb::LiteralType {
        object::annotated(simple(pb::SimpleType::Struct))
    }

    fn describe() -> TypeDescription {
        TypeDescription::json()
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        Ok(match form {
            Form::None => Self::Null,
            Form::Boolean(value) => value.into(),
            Form::Integer(number) => number.into(),
            Form::Huge(number) => number.into(),
            Form::Float(number) => {
                let json = Number::from_f64(number);
                json.map(Self::Number).ok_or_else(|| {
                    Mismatches::new(format!("{number} is a float that JSON cannot say"))
                })?
            }
            Form::Text(text) => text.into_owned().into(),
            list @ (Form::Values(_) | Form::Literals(_)) => Self::Array(Vec::from_form(list)?),
            Form::Fields(fields) => Self::Object(collect(fields.into_iter().map(json_field))?),
            Form::Entries(entries) => Self::Object(collect(entries.iter().map(|(key, value)| {
                let value = Self::from_literal(value).map_err(|found| found.in_field(key))?;
                Ok((key.clone(), value))
            }))?),
            other => return Err(Mismatches::expected("a JSON value", other)),
        })
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        match self {
            Self::Object(_) => object::literal(&self.into_value(Style::Dataclass)?),
            Self::Null => Ok(literals::none()),
            Self::Bool(value) => value.into_literal(),
            Self::String(text) => text.into_literal(),
            Self::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => number.into_literal(),
                (None, Some(number), _) => number.into_literal(),
                (None, None, number) => number.unwrap_or(f64::NAN).into_literal(),
            },
            Self::Array(ref items) if lists(items) > LISTS => {
                object::literal(&self.into_value(Style::Dataclass)?)
            }
            Self::Array(items) => items.into_literal(),
        }
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        Ok(match self {
            Self::Null => Value::Nil,
            Self::Bool(value) => value.into(),
            Self::String(text) => text.into(),
            Self::Number(number) => number
                .as_i64()
                .map(Value::from)
                .or_else(|| number.as_u64().map(Value::from))
                .or_else(|| number.as_f64().map(Value::from))
                .unwrap_or(Value::Nil),
            Self::Array(items) => items.into_value(style)?,
            Self::Object(fields) => {
                let mut out = object::ValueFieldsOut::new(style);
                for (key, value) in fields {
                    out.put(&key, value);
                }
                out.finish()?
            }
        })
    }

    fn absent() -> Option<Self> {
        Some(Self::Null)
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Fields(_) | Form::Entries(_))
    }

    fn takes_tag(_tag: &str) -> bool {
        true
    }
}

/// How many lists are written inside each other. Readers of protobuf go 100 messages deep, and a list is
/// two; deeper ones are bytes.
const LISTS: usize = 24;

fn lists(items: &[Json]) -> usize {
    let inner = items.iter().map(|item| item.as_array().map_or(0, |items| lists(items)));
    1 + inner.max().unwrap_or(0)
}

fn json_field((key, value): (Value, Value)) -> Result<(String, Json), Mismatches> {
    let key = String::from_form(key.into()).map_err(Mismatches::in_keys)?;
    let value = Json::from_form(value.into());
    value.map_err(|found| found.in_field(&key)).map(|value| (key, value))
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::Struct;
    use rmpv::Value;
    use serde_json::{Value as Json, json};

    use super::super::{FlyteType, Form};
    use crate::custom_info::json_to_struct;
    use crate::{literal, pb};

    #[test]
    fn json_keeps_every_integer() {
        assert_eq!(Json::from_form(Form::Integer(i64::MIN)), Ok(json!(i64::MIN)));
        assert_eq!(Json::from_form(Form::Huge(u64::MAX)), Ok(json!(u64::MAX)));
        assert_eq!(Json::from_form(Form::Float(2.0)), Ok(json!(2.0)), "a float stays one");
        assert_eq!(Json::from_form(Form::Float(2.5)), Ok(json!(2.5)));
        let list = literal::list([literal::map([("a", literal::integer(1))])]);
        assert_eq!(Json::from_literal(&list), Ok(json!([{"a": 1}])));
        assert!(Json::from_form(Form::Pickle).unwrap_err().to_string().contains("pickle"));
    }

    #[test]
    fn whole_numbers_of_forms_are_integers() {
        let form = json_to_struct(json!({"n": 24, "x": 0.5, "most": 9_007_199_254_740_991_i64}));
        let read = Json::from_literal(&form.unwrap().into_literal().unwrap());
        assert_eq!(read, Ok(json!({"n": 24, "x": 0.5, "most": 9_007_199_254_740_991_i64})));
        let zero = Value::F64(-0.0);
        let form = Struct::from_form(Form::Fields(vec![(Value::from("z"), zero)])).unwrap();
        let read = Json::from_literal(&form.into_literal().unwrap()).unwrap();
        assert!(read["z"].as_f64().is_some_and(f64::is_sign_negative), "{read}");
    }

    #[test]
    fn what_json_cannot_say_is_refused_with_its_place() {
        let object = |key: Value, value: Value| {
            let inner = Value::Map(vec![(key, value)]);
            Json::from_form(Form::Fields(vec![(Value::from("a"), Value::Array(vec![inner]))]))
        };
        for (key, value, told) in [
            (Value::from("b"), Value::F64(f64::NAN), "`a[0].b`: NaN is a float that JSON cannot"),
            (Value::from("b"), Value::F64(f64::NEG_INFINITY), "`a[0].b`: -inf is a float"),
            (Value::from("b"), Value::Binary(vec![1]), "`a[0].b`: expected a JSON value, found"),
            (Value::from(1), Value::Nil, "`a[0]`: a key does not fit: expected a string, found an"),
            (
                Value::Nil,
                Value::Nil,
                "`a[0]`: a key does not fit: expected a string, found nothing",
            ),
        ] {
            let refused = object(key, value).unwrap_err().to_string();
            assert!(refused.starts_with(told), "{refused}");
        }
    }

    #[test]
    fn lists_of_every_depth_are_read_again() {
        let mut list = json!([1]);
        for depth in 1..=60 {
            let literal = list.clone().into_literal().unwrap();
            let bytes = literal.encode_to_vec();
            let read = pb::Literal::decode(bytes.as_slice()).unwrap();
            assert_eq!(Json::from_literal(&read), Ok(list.clone()), "{depth}");
            list = json!([list]);
        }
    }

    #[test]
    fn json_is_written_as_what_it_is() {
        for (json, literal) in [
            (json!(1), literal::integer(1)),
            (json!(1.0), literal::float(1.0)),
            (json!("x"), literal::string("x")),
            (json!(true), literal::boolean(true)),
            (json!(null), literal::none()),
            (json!([1, "x"]), literal::list([literal::integer(1), literal::string("x")])),
        ] {
            assert_eq!(json.clone().into_literal(), Ok(literal.clone()));
            assert_eq!(Json::from_literal(&literal), Ok(json));
        }
        assert!(json!(u64::MAX).into_literal().is_err(), "only objects carry it");
        let object = json!({"a": u64::MAX, "b": [1.0, 1]});
        let literal = object.clone().into_literal().unwrap();
        assert_eq!(Json::from_literal(&literal), Ok(object.clone()));
        let wrapped = Some(object.clone()).into_literal().unwrap();
        assert_eq!(Option::<Json>::from_literal(&wrapped), Ok(Some(object)));
        // Python's `dict | None` is nothing else, so that it could not be read.
        let refused = Some(json!([1])).into_literal().unwrap_err().to_string();
        assert_eq!(refused, "in a union a dict cannot be a list");
    }
}
