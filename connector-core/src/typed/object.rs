//! Objects: named values in one, read field by field and written in order; they travel as msgpack.
//! `record`, `derived` and the types with a spelling of their own read and write by it.
//! What a derived struct is stands in `record`.

use prost_types::{Struct, value::Kind};
use rmpv::Value;

use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, msgpack};
use crate::pb;
use crate::pb::{literal, scalar};

/// An object that is looked at from outside.
#[derive(Debug)]
pub struct Glance<'a> {
    fields: &'a [(Value, Value)],
    known: usize,
    fits: bool,
}

impl<'a> Glance<'a> {
    /// Nothing of it has been seen yet.
    pub(super) const fn at(fields: &'a [(Value, Value)]) -> Self {
        Self { fields, known: 0, fits: true }
    }

    /// Whether everything seen fits, and nothing else is there.
    pub(super) const fn fits_exactly(&self) -> bool {
        self.fits && self.known == self.fields.len()
    }

    /// Looks at a field that must be there unless its type can be absent.
    pub(super) fn see<T: FlyteType>(&mut self, name: &str) {
        match self.find(name) {
            Some(value) => self.fits &= may_be::<T>(value),
            None => self.fits &= T::absent().is_some(),
        }
    }

    /// Looks at a field that has a default.
    pub(super) fn see_or<T: FlyteType>(&mut self, name: &str) {
        match self.find(name) {
            None | Some(Value::Nil) => {}
            Some(value) => self.fits &= may_be::<T>(value),
        }
    }

    fn find(&mut self, name: &str) -> Option<&Value> {
        let (_, value) = self.fields.iter().rev().find(|(key, _)| key.as_str() == Some(name))?;
        self.known += 1;
        Some(value)
    }
}

/// Whether a field may be a `T`, as far as that can be seen without looking into it.
fn may_be<T: FlyteType>(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Map(_)) || T::from_form(value.clone().into()).is_ok()
}

/// The transformer of objects.
pub(super) const fn tag(style: Style) -> &'static str {
    match style {
        Style::Dataclass => "Object-Dataclass-Transformer",
        Style::Pydantic => "Pydantic Transformer",
    }
}

/// Marks a type as travelling in msgpack, as Python does for the cache's sake.
pub(super) fn annotated(declared: pb::LiteralType) -> pb::LiteralType {
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
pub(super) fn literal(value: &Value) -> Result<pb::Literal, Mismatches> {
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
        // The order stays: another name may stand twice, too.
        Some(self.fields.remove(at).1)
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

#[cfg(test)]
mod tests {
    use rmpv::Value;

    use super::{Form, ValueFields};

    #[test]
    fn the_last_of_a_name_counts_whatever_was_taken_before() {
        let object = [("x", 0), ("y", 1), ("y", 2)].map(|(k, v)| (Value::from(k), Value::from(v)));
        let mut fields = ValueFields::of(Form::Fields(object.to_vec()), "object").unwrap();
        assert_eq!(fields.take::<i64>("x"), Some(0));
        assert_eq!(fields.take::<i64>("y"), Some(2));
    }
}
