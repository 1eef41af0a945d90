//! Values that are passed on as they are: literals, protobuf objects, opaque bytes, nothing.

use bytes::Bytes;
use prost_types::Struct;
use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::object;
use super::{FlyteType, Style, msgpack, simple};
use crate::custom_info::InfoValue;
use crate::pb::{literal, scalar};
use crate::{literal as literals, pb};

fn of_scalar(value: scalar::Value) -> pb::Literal {
    let scalar = Box::new(pb::Scalar { value: Some(value) });
    pb::Literal { value: Some(literal::Value::Scalar(scalar)), ..Default::default() }
}

/// Nothing: Python's `None`.
impl FlyteType for () {
    const TAG: &'static str = "none";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::None)
    }

    fn describe() -> TypeDescription {
        TypeDescription::plain("None", "null")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::None => Ok(()),
            other => Err(Mismatches::expected("nothing (None)", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        Ok(literals::none())
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        Ok(Value::Nil)
    }

    fn absent() -> Option<Self> {
        Some(())
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::None)
    }
}

/// A literal of any kind, untouched.
impl FlyteType for pb::Literal {
    const TAG: &'static str = "FlytePickle";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::None)
    }

    fn describe() -> TypeDescription {
        TypeDescription::anything()
    }

    fn from_literal(literal: &Self) -> Result<Self, Mismatches> {
        Ok(literal.clone())
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::None => Ok(literals::none()),
            Form::Boolean(value) => value.into_literal(),
            Form::Integer(number) => number.into_literal(),
            Form::Huge(number) => number.into_literal(),
            Form::Float(number) => number.into_literal(),
            Form::Text(text) => text.into_owned().into_literal(),
            Form::Values(values) => object::literal(&Value::Array(values)),
            Form::Fields(fields) => object::literal(&Value::Map(fields)),
            other => Err(Mismatches::new(format!("{other} cannot be taken out of its literal"))),
        }
    }

    fn into_literal(self) -> Result<Self, Mismatches> {
        Ok(self)
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        Err(Mismatches::new("a literal cannot be a field of an object; use a type of your own"))
    }

    fn takes_tag(_tag: &str) -> bool {
        true
    }
}

/// A protobuf object, as the user interface sends forms; its numbers are doubles.
impl FlyteType for Struct {
    const TAG: &'static str = "Protobuf-Transformer";

    fn literal_type() -> pb::LiteralType {
        let class = InfoValue::from("google.protobuf.struct_pb2.Struct").into_value();
        let metadata = Self { fields: [("pb_type".to_owned(), class)].into() };
        pb::LiteralType { metadata: Some(metadata), ..simple(pb::SimpleType::Struct) }
    }

    fn describe() -> TypeDescription {
        TypeDescription::plain("dict", "object")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::Fields(fields) if levels_of_fields(&fields) > MOST_LEVELS => {
                Err(Mismatches::new("it is nested deeper than a protobuf object can be"))
            }
            Form::Fields(fields) => to_struct(fields),
            other => Err(Mismatches::expected("an object", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        Ok(of_scalar(scalar::Value::Generic(self)))
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        Ok(msgpack::of_struct(&self))
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Fields(_))
    }
}

/// Readers of protobuf give up at 100 messages within messages; an answer has some around the object.
const MOST_LEVELS: usize = 90;

/// How many messages within messages an object takes: itself, and for each field an entry and a value.
fn levels_of_fields(fields: &[(Value, Value)]) -> usize {
    3 + fields.iter().map(|(_, value)| levels(value)).max().unwrap_or(0)
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 2 + items.iter().map(levels).max().unwrap_or(0),
        Value::Map(fields) => levels_of_fields(fields),
        _ => 0,
    }
}

fn to_struct(fields: Vec<(Value, Value)>) -> Result<Struct, Mismatches> {
    let mut object = Struct::default();
    for (key, value) in fields {
        let Some(key) = key.as_str().map(str::to_owned) else {
            return Err(Mismatches::expected("an object with text keys", format!("the key {key}")));
        };
        let value = to_info(value).map_err(|found| found.in_field(&key))?.into_value();
        object.fields.insert(key, value);
    }
    Ok(object)
}

fn to_info(value: Value) -> Result<InfoValue, Mismatches> {
    Ok(match Form::from(value) {
        Form::None => InfoValue::null(),
        Form::Boolean(value) => value.into(),
        Form::Integer(number) => number.into(),
        Form::Huge(number) => number.into(),
        Form::Float(number) => number.into(),
        Form::Text(text) => text.into_owned().into(),
        Form::Values(values) => values
            .into_iter()
            .enumerate()
            .map(|(index, item)| to_info(item).map_err(|found| found.in_item(index)))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        Form::Fields(fields) => to_struct(fields)?.into(),
        other => return Err(Mismatches::expected("a JSON value", other)),
    })
}

/// Bytes inside objects. As a task's own input or output Python pickles bytes, which is never read.
impl FlyteType for Bytes {
    const TAG: &'static str = "FlytePickle";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::Binary)
    }

    fn describe() -> TypeDescription {
        TypeDescription::plain("bytes", "string")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::Bytes(bytes) => Ok(Self::from(bytes.into_owned())),
            // Pydantic turns bytes into text.
            Form::Text(text) => Ok(Self::from(text.into_owned().into_bytes())),
            other => Err(Mismatches::expected("bytes", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        Err(Mismatches::new(
            "Flyte has no type for bytes alone; answer a `File`, or bytes inside an object",
        ))
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        match style {
            Style::Dataclass => Ok(Value::Binary(self.to_vec())),
            Style::Pydantic | Style::TypedDict | Style::Within => {
                std::str::from_utf8(&self).map(Value::from).map_err(|_| {
                    Mismatches::new("pydantic writes bytes as text, and this is not UTF-8")
                })
            }
        }
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Bytes(_))
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::Struct;
    use rmpv::Value;

    use super::super::FlyteType;
    use crate::pb;

    #[test]
    fn a_protobuf_object_is_no_deeper_than_its_readers_go() {
        let nested = |levels| {
            let inner = (0..levels).fold(Value::Nil, |inner, _| {
                Value::Map(vec![(Value::from("a"), Value::Array(vec![inner]))])
            });
            Struct::from_form(inner.into())
        };
        let bytes = nested(18).unwrap().into_literal().unwrap().encode_to_vec();
        assert!(pb::Literal::decode(&bytes[..]).is_ok());
        assert!(nested(19).unwrap_err().to_string().contains("deeper"));
    }
}
