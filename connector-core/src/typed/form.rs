//! A value to be read, whatever carried it: a literal, a msgpack object or a `Struct`.
//! Every type reads from this one form, so all carriers and spellings behave alike.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use rmpv::Value;

use super::mismatch::Mismatches;
use super::{msgpack, tag};
use crate::pb;
use crate::pb::{literal, primitive, scalar};

/// A value to be read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Form<'a> {
    /// Nothing, said explicitly.
    None,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number beyond the range of `i64`.
    Huge(u64),
    /// A number with a fraction, or one of a carrier that has no other.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A point in time.
    Datetime(prost_types::Timestamp),
    /// A span of time.
    Duration(prost_types::Duration),
    /// A list of literals.
    Literals(&'a [pb::Literal]),
    /// A map of literals.
    Entries(&'a BTreeMap<String, pb::Literal>),
    /// A list inside an object.
    Values(Vec<Value>),
    /// An object: keys and values in order.
    Fields(Vec<(Value, Value)>),
    /// A file or directory.
    Blob(&'a pb::Blob),
    /// A data frame.
    Table(&'a pb::StructuredDataset),
    /// Python's pickle: never read.
    Pickle,
}

impl<'a> Form<'a> {
    /// The form of a literal; a value wrapped for a union is unwrapped.
    ///
    /// # Errors
    /// A literal without a value, with content stored elsewhere, in a form no type reads, or with a
    /// tag that does not go with it.
    pub fn of(literal: &'a pb::Literal) -> Result<Self, Mismatches> {
        match &literal.value {
            None => Err(Mismatches::new("it came without a value")),
            Some(literal::Value::Collection(list)) => Ok(Self::Literals(&list.literals)),
            Some(literal::Value::Map(map)) => Ok(Self::Entries(&map.literals)),
            Some(literal::Value::OffloadedMetadata(stored)) => Err(Mismatches::new(format!(
                "its value is stored at {:?} because it is large, and this connector does not \
                 read storage; pass it as a file or data frame",
                stored.uri
            ))),
            Some(literal::Value::Scalar(scalar)) => Self::of_scalar(scalar),
        }
    }

    fn of_scalar(scalar: &'a pb::Scalar) -> Result<Self, Mismatches> {
        let Some(value) = &scalar.value else {
            return Err(Mismatches::new("it came without a value"));
        };
        match value {
            scalar::Value::Primitive(primitive) => Self::of_primitive(primitive),
            scalar::Value::NoneType(_) => Ok(Self::None),
            scalar::Value::Blob(blob) if is_pickle(blob) => Ok(Self::Pickle),
            scalar::Value::Blob(blob) => Ok(Self::Blob(blob)),
            scalar::Value::StructuredDataset(table) => Ok(Self::Table(table)),
            scalar::Value::Generic(object) => Ok(msgpack::of_struct(object).into()),
            scalar::Value::Binary(binary) if binary.tag == msgpack::TAG => {
                msgpack::read(&binary.value).map(Into::into)
            }
            scalar::Value::Binary(binary) if binary.tag.is_empty() => Ok(Self::Pickle),
            scalar::Value::Binary(binary) => Err(Mismatches::new(format!(
                "Unsupported binary format {:?}; `msgpack` is the one that can be read",
                binary.tag
            ))),
            scalar::Value::Union(union) => Self::of(opened(union)?.inner),
            scalar::Value::Schema(_) => {
                Err(Mismatches::new("it is of the old `schema` kind; declare it as a data frame"))
            }
            scalar::Value::Error(error) => Err(Mismatches::new(format!(
                "it is the error of an earlier task: {}",
                error.message
            ))),
        }
    }

    fn of_primitive(primitive: &'a pb::Primitive) -> Result<Self, Mismatches> {
        match &primitive.value {
            None => Err(Mismatches::new("it came without a value")),
            Some(primitive::Value::Integer(number)) => Ok(Self::Integer(*number)),
            Some(primitive::Value::FloatValue(number)) => Ok(Self::Float(*number)),
            Some(primitive::Value::StringValue(text)) => Ok(Self::Text(text.into())),
            Some(primitive::Value::Boolean(value)) => Ok(Self::Boolean(*value)),
            Some(primitive::Value::Datetime(time)) => Ok(Self::Datetime(*time)),
            Some(primitive::Value::Duration(span)) => Ok(Self::Duration(*span)),
        }
    }
}

fn is_pickle(blob: &pb::Blob) -> bool {
    let kind = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.as_ref());
    kind.is_some_and(|kind| kind.format == "PythonPickle")
}

/// A value wrapped for a union.
pub(super) struct Wrapped<'a> {
    /// What the tag says it is; empty if nothing was said.
    pub(super) tag: &'a str,
    /// The value.
    pub(super) inner: &'a pb::Literal,
}

/// A literal's value and tag, if it is wrapped for a union.
///
/// # Errors
/// No value, an unknown tag, or one that does not go with the value.
pub(super) fn wrapped(literal: &pb::Literal) -> Result<Option<Wrapped<'_>>, Mismatches> {
    match tag::scalar_of(literal) {
        Some(scalar::Value::Union(union)) => opened(union).map(Some),
        _ => Ok(None),
    }
}

/// The value and the tag of a union's value.
///
/// # Errors
/// As [`wrapped`].
pub(super) fn opened(union: &pb::Union) -> Result<Wrapped<'_>, Mismatches> {
    let Some(inner) = union.value.as_deref() else {
        return Err(Mismatches::new("it came without a value"));
    };
    let tag = tag::of(union.r#type.as_ref());
    let known = tag::is_known(tag);
    if tag.is_empty() || known && tag::goes_with(tag, inner) {
        return Ok(Wrapped { tag, inner });
    }
    Err(if known {
        Mismatches::new(format!("it is wrapped for a union as {tag:?}, but holds {}", found(inner)))
    } else {
        let shown: String = tag.chars().take(60).collect();
        Mismatches::new(format!(
            "it is wrapped for a union as {shown:?}, which is the name of no type of Flyte"
        ))
    })
}

/// What a value is, for a message.
pub(super) fn found(literal: &pb::Literal) -> String {
    Form::of(literal).map_or_else(|problem| problem.to_string(), |form| form.to_string())
}

impl From<Value> for Form<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Nil => Self::None,
            Value::Boolean(value) => Self::Boolean(value),
            Value::Integer(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Self::Integer(number),
                (None, Some(number)) => Self::Huge(number),
                // msgpack integers are one or the other.
                (None, None) => Self::None,
            },
            Value::F32(number) => Self::Float(number.into()),
            Value::F64(number) => Self::Float(number),
            // Text that is not UTF-8 is no text.
            Value::String(text) if text.is_err() => Self::Bytes(text.into_bytes().into()),
            Value::String(text) => Self::Text(text.into_str().unwrap_or_default().into()),
            Value::Binary(bytes) => Self::Bytes(bytes.into()),
            Value::Array(values) => Self::Values(values),
            Value::Map(fields) => Self::Fields(fields),
            Value::Ext(_, bytes) => Self::Bytes(bytes.into()),
        }
    }
}

/// What came, for the message. Text is not repeated: it may be a secret.
impl fmt::Display for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing (None)"),
            Self::Boolean(value) => write!(f, "a boolean ({value})"),
            Self::Integer(number) => write!(f, "an integer ({number})"),
            Self::Huge(number) => write!(f, "an integer ({number})"),
            Self::Float(number) => write!(f, "a float ({number:?})"),
            Self::Text(_) => f.write_str("a string"),
            Self::Bytes(_) => f.write_str("bytes"),
            Self::Datetime(_) => f.write_str("a datetime"),
            Self::Duration(_) => f.write_str("a duration"),
            Self::Literals(_) | Self::Values(_) => f.write_str("a list"),
            Self::Entries(_) => f.write_str("a map"),
            Self::Fields(_) => f.write_str("an object"),
            Self::Blob(_) => f.write_str("a file or directory"),
            Self::Table(_) => f.write_str("a data frame"),
            Self::Pickle => f.write_str(
                "a Python pickle, which only Python can read; declare the value as a type Flyte \
                 knows, for example `list[int]` instead of `list`, `str` or an enum instead of \
                 `Literal`, or a dataclass",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use rmpv::Value;

    use super::Form;

    #[test]
    fn a_pickle_says_what_to_declare_instead() {
        let said = Form::Pickle.to_string();
        for instead in ["`list[int]` instead of `list`", "instead of `Literal`", "a dataclass"] {
            assert!(said.contains(instead), "{said}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_bytes() {
        let value: Value = rmpv::decode::read_value(&mut &b"\xa2\xff\xfe"[..]).unwrap();
        assert!(matches!(Form::from(value), Form::Bytes(bytes) if *bytes == *b"\xff\xfe"));
    }
}
