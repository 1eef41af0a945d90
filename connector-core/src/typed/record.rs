//! Objects with named fields: Python's dataclasses and pydantic models.
//! Derived structs use these; they travel as msgpack.

use prost_types::{Struct, value::Kind};
use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, msgpack, simple};
use crate::custom_info::json_to_struct;
use crate::pb;
use crate::pb::{literal, scalar};

/// The transformer of derived structs.
#[must_use]
pub const fn tag(style: Style) -> &'static str {
    match style {
        Style::Dataclass => "Object-Dataclass-Transformer",
        Style::Pydantic => "Pydantic Transformer",
    }
}

/// The declared type of a derived struct: an object with its schema.
#[must_use]
pub fn literal_type(tag: &str, description: &TypeDescription) -> pb::LiteralType {
    pb::LiteralType {
        metadata: json_to_struct(description.schema.clone()).ok(),
        structure: Some(pb::TypeStructure { tag: tag.to_owned(), ..Default::default() }),
        ..annotated(simple(pb::SimpleType::Struct))
    }
}

/// Marks a type as travelling in msgpack, as Python does for the cache's sake.
pub(crate) fn annotated(declared: pb::LiteralType) -> pb::LiteralType {
    let entry = |key: &str, kind| (key.to_owned(), prost_types::Value { kind: Some(kind) });
    let format = entry("serialization-format", Kind::StringValue(msgpack::TAG.to_owned()));
    let inner = Struct { fields: [format].into() };
    let annotations =
        Struct { fields: [entry("cache-key-metadata", Kind::StructValue(inner))].into() };
    pb::LiteralType {
        annotation: Some(pb::TypeAnnotation { annotations: Some(annotations) }),
        ..declared
    }
}

/// The literal of an object.
///
/// # Errors
/// A value msgpack cannot carry.
pub fn literal(value: &Value) -> Result<pb::Literal, Mismatches> {
    let binary = pb::Binary { value: msgpack::write(value)?.into(), tag: msgpack::TAG.to_owned() };
    let scalar = pb::Scalar { value: Some(scalar::Value::Binary(binary)) };
    Ok(pb::Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() })
}

/// The fields of an object while they are read; every problem is kept until the end.
#[derive(Debug)]
pub struct ValueFields {
    fields: Vec<(Value, Value)>,
    problems: Mismatches,
}

impl ValueFields {
    /// The fields of a value that must be an object called `name`.
    ///
    /// # Errors
    /// Something else came.
    pub fn of(form: Form<'_>, name: &str) -> Result<Self, Mismatches> {
        match form {
            Form::Fields(fields) => Ok(Self { fields, problems: Mismatches::default() }),
            other => Err(Mismatches::expected(&format!("an object `{name}`"), other)),
        }
    }

    /// The fields of a protobuf object.
    #[must_use]
    pub fn of_struct(object: &Struct) -> Self {
        let fields = object
            .fields
            .iter()
            .map(|(key, value)| (Value::from(key.as_str()), msgpack::of_struct_value(value)));
        Self { fields: fields.collect(), problems: Mismatches::default() }
    }

    /// Takes a field; without a value of its own it must be there, unless its type can be absent.
    pub fn take<T: FlyteType>(&mut self, name: &str) -> Option<T> {
        match self.remove(name) {
            Some(value) => self.read(name, value),
            None => {
                let absent = T::absent();
                if absent.is_none() {
                    let missing = format!("is missing; it must be {}", T::describe().article());
                    self.problems.extend(Mismatches::new(missing).in_field(name));
                }
                absent
            }
        }
    }

    /// Takes a field that has a default; an explicit nothing counts as not there.
    pub fn take_or<T: FlyteType>(&mut self, name: &str, default: impl FnOnce() -> T) -> Option<T> {
        match self.remove(name) {
            None | Some(Value::Nil) => Some(default()),
            Some(value) => self.read(name, value),
        }
    }

    fn remove(&mut self, name: &str) -> Option<Value> {
        // Where a name stands twice the last one counts.
        let at = self.fields.iter().rposition(|(key, _)| key.as_str() == Some(name))?;
        Some(self.fields.swap_remove(at).1)
    }

    fn read<T: FlyteType>(&mut self, name: &str, value: Value) -> Option<T> {
        T::from_form(value.into()).map_err(|found| self.problems.extend(found.in_field(name))).ok()
    }

    /// The object, if every field was fine.
    ///
    /// # Errors
    /// Every problem found.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Mismatches> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(self.problems),
        }
    }
}

/// The fields of an object while they are written.
#[derive(Debug)]
pub struct ValueFieldsOut {
    fields: Vec<(Value, Value)>,
    problems: Mismatches,
    style: Style,
}

impl ValueFieldsOut {
    /// No fields yet.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self { fields: Vec::new(), problems: Mismatches::default(), style }
    }

    /// Adds a field.
    pub fn put<T: FlyteType>(&mut self, name: &str, value: T) {
        match value.into_value(self.style) {
            Ok(value) => self.fields.push((Value::from(name), value)),
            Err(found) => self.problems.extend(found.in_field(name)),
        }
    }

    /// The object.
    ///
    /// # Errors
    /// Every value that msgpack cannot carry.
    pub fn finish(self) -> Result<Value, Mismatches> {
        if self.problems.is_empty() { Ok(Value::Map(self.fields)) } else { Err(self.problems) }
    }
}
