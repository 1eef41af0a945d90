//! Objects: named values in one, read field by field and written in order; they travel as msgpack.
//! `record`, `derived` and the types with a spelling of their own read and write by it.
//! What a derived struct is stands in `record`.

use prost_types::{Struct, value::Kind};
use rmpv::Value;

use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, msgpack, place};
use crate::pb;
use crate::pb::{literal, scalar};

/// An object that is looked at from outside.
#[derive(Debug)]
pub struct Glance<'a> {
    seen: Seen<'a>,
    known: usize,
    fits: bool,
}

/// What an object looks like from outside.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    ByName(&'a [(Value, Value)]),
    /// A named tuple inside an object, which leaves the names out.
    InOrder(&'a [Value]),
}

impl<'a> Glance<'a> {
    /// Nothing of it has been seen yet.
    pub(super) const fn at(seen: Seen<'a>) -> Self {
        Self { seen, known: 0, fits: true }
    }

    /// Whether everything seen fits, and nothing else is there.
    pub(super) const fn fits_exactly(&self) -> bool {
        let all = match self.seen {
            Seen::ByName(fields) => fields.len(),
            Seen::InOrder(values) => values.len(),
        };
        self.fits && self.known == all
    }

    /// Looks at a field that must be there unless its type can be absent.
    pub(super) fn see<T: FlyteType>(&mut self, name: &str) {
        match self.find(name) {
            Some(value) => self.fits &= may_be::<T>(value),
            None => self.fits &= T::absent().is_some() && !place::is_exact(),
        }
    }

    /// Looks at a field that has a default.
    pub(super) fn see_or<T: FlyteType>(&mut self, name: &str) {
        match self.find(name) {
            None => self.fits &= !place::is_exact(),
            Some(Value::Nil) => {}
            Some(value) => self.fits &= may_be::<T>(value),
        }
    }

    fn find(&mut self, name: &str) -> Option<&Value> {
        let value = match self.seen {
            Seen::ByName(fields) => {
                let named = |(key, _): &&(Value, Value)| key.as_str() == Some(name);
                fields.iter().rev().find(named).map(|(_, value)| value)?
            }
            Seen::InOrder(values) => values.get(self.known)?,
        };
        self.known += 1;
        Some(value)
    }
}

/// Whether a field may be a `T`, as far as that can be seen without looking into it. A float is not
/// the integer it equals: a struct with a field of floats may be meant.
fn may_be<T: FlyteType>(value: &Value) -> bool {
    if matches!(value, Value::Array(_) | Value::Map(_)) {
        return true;
    }
    let form = Form::from(value.clone());
    (T::is_own(&form) || !matches!(form, Form::Float(_))) && T::from_form(form).is_ok()
}

/// The transformer of pydantic models, and of what Python wraps into one.
pub(super) const MODEL: &str = "Pydantic Transformer";

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
    fields: Fields,
    problems: Mismatches,
}

#[derive(Debug)]
enum Fields {
    ByName(Vec<(Value, Value)>),
    /// A named tuple inside an object, which leaves the names out.
    InOrder(std::vec::IntoIter<Value>),
}

impl ValueFields {
    /// The fields of a value that must be an object called `name`.
    ///
    /// # Errors
    /// Something else came.
    pub fn of(form: Form<'_>, name: &str) -> Result<Self, Mismatches> {
        match form {
            Form::Fields(fields) => Ok(Self::new(Fields::ByName(fields))),
            other => Err(Mismatches::expected(&format!("an object `{name}`"), other)),
        }
    }

    pub(super) fn in_order(values: Vec<Value>) -> Self {
        Self::new(Fields::InOrder(values.into_iter()))
    }

    fn new(fields: Fields) -> Self {
        Self { fields, problems: Mismatches::default() }
    }

    /// The fields of a protobuf object.
    #[must_use]
    pub fn of_struct(object: &Struct) -> Self {
        let fields = object
            .fields
            .iter()
            .map(|(key, value)| (Value::from(key.as_str()), msgpack::of_struct_value(value)));
        Self::new(Fields::ByName(fields.collect()))
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
        let fields = match &mut self.fields {
            Fields::ByName(fields) => fields,
            Fields::InOrder(values) => return values.next(),
        };
        // Where a name stands twice the last one counts.
        let at = fields.iter().rposition(|(key, _)| key.as_str() == Some(name))?;
        // The order stays: another name may stand twice, too.
        Some(fields.remove(at).1)
    }

    fn read<T: FlyteType>(&mut self, name: &str, value: Value) -> Option<T> {
        T::from_form(value.into()).map_err(|found| self.problems.extend(found.in_field(name))).ok()
    }

    /// The object, if every field was fine.
    ///
    /// # Errors
    /// Every problem found.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Mismatches> {
        if let Fields::InOrder(rest) = &self.fields
            && rest.len() > 0
        {
            let more = format!("it has {} values more than fields are known", rest.len());
            self.problems.extend(Mismatches::new(more));
        }
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
        self.into_fields().map(Value::Map)
    }

    pub(super) fn into_fields(self) -> Result<Vec<(Value, Value)>, Mismatches> {
        if self.problems.is_empty() { Ok(self.fields) } else { Err(self.problems) }
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
