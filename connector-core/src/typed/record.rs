//! Structs with named fields: Python's dataclasses and pydantic models.
//! Derived structs hand themselves on to this file; how objects travel is `object`'s business.

use rmpv::Value;

use super::derived::Reader;
use super::describe::{Class, TypeDescription};
use super::form::Form;
use super::mismatch::Mismatches;
pub use super::object::ValueFieldsOut;
use super::object::{Glance, MODEL, Seen, ValueFields, annotated, literal};
use super::{FlyteType, Style, nesting, place, simple};
use crate::custom_info::json_to_struct;
use crate::flyte::{Flyte, reader};
use crate::pb;

/// A struct with named fields; written by `#[derive(FlyteType)]`, which then delegates to this file.
pub trait Record: FlyteType {
    /// What people call it.
    const NAME: &'static str;
    /// What it is for.
    const DOC: &'static str;
    /// Which of Python's classes it stands for.
    const CLASS: Class;

    /// How its fields are read and written.
    fn codec() -> Codec<Self>;
}

/// How the fields of a struct are read and written.
///
/// Both stand in one function of the expansion, so that a type that does not fit is one error.
#[derive(Debug)]
pub struct Codec<R> {
    /// Takes every field.
    pub read: fn(&mut Reader<'_>) -> Option<R>,
    /// Writes every field.
    pub write: fn(R, &mut ValueFieldsOut),
}

/// The transformer of a derived struct.
#[must_use]
pub const fn transformer<R: Record>() -> &'static str {
    match R::CLASS {
        Class::Dataclass => "Object-Dataclass-Transformer",
        Class::Pydantic => MODEL,
        Class::NamedTuple => "NamedTuple",
        Class::TypedDict => "TypedDict",
    }
}

/// The declared type of a derived struct: an object with its schema.
#[must_use]
pub fn literal_type<R: Record>() -> pb::LiteralType {
    let structure = match reader() {
        Flyte::V1 => of_flyte_1::<R>(),
        Flyte::V2 => {
            let tag = if R::CLASS == Class::Dataclass { R::TAG } else { MODEL }.to_owned();
            pb::TypeStructure { tag, ..Default::default() }
        }
    };
    pb::LiteralType {
        metadata: json_to_struct(R::describe().schema).ok(),
        structure: Some(structure),
        ..annotated(simple(pb::SimpleType::Struct))
    }
}

/// Flyte 1 has no tag outside unions, and the types of the fields beside the schema; inside itself a struct
/// has neither.
fn of_flyte_1<R: Record>() -> pb::TypeStructure {
    let tell = || {
        let mut fields = Vec::new();
        (R::codec().read)(&mut Reader::Descriptions(&mut fields));
        let types = fields.into_iter().filter_map(|field| Some((field.name, field.declared?)));
        pb::TypeStructure { dataclass_type: types.collect(), ..Default::default() }
    };
    nesting::told::<R, _>(tell, pb::TypeStructure::default)
}

/// A derived struct for people; inside itself it is only named.
#[must_use]
pub fn describe<R: Record>() -> TypeDescription {
    let tell = || {
        let mut fields = Vec::new();
        (R::codec().read)(&mut Reader::Descriptions(&mut fields));
        TypeDescription::object(R::NAME, R::DOC, &fields, R::CLASS)
    };
    nesting::told::<R, _>(tell, || TypeDescription::named(R::NAME))
}

/// Reads a derived struct.
///
/// # Errors
/// Everything that does not fit, with its path.
pub fn from_form<R: Record>(form: Form<'_>) -> Result<R, Mismatches> {
    let mut fields = match form {
        // A named tuple inside an object.
        Form::Values(values) if R::CLASS == Class::NamedTuple => ValueFields::in_order(values),
        other => ValueFields::of(other, R::NAME)?,
    };
    place::inside(R::CLASS.alone(), || {
        let value = (R::codec().read)(&mut Reader::Values(&mut fields));
        fields.finish(value)
    })
}

/// The literal of a derived struct.
///
/// # Errors
/// Values that msgpack cannot carry, with their path.
pub fn into_literal<R: Record>(value: R) -> Result<pb::Literal, Mismatches> {
    literal(&Value::Map(written(value, R::CLASS.alone())?))
}

/// A derived struct inside an object: what holds it says how values are spelled.
///
/// # Errors
/// Values that msgpack cannot carry, with their path.
pub fn into_value<R: Record>(value: R, style: Style) -> Result<Value, Mismatches> {
    let fields = written(value, R::CLASS.inside(style))?;
    Ok(match R::CLASS {
        Class::NamedTuple => Value::Array(fields.into_iter().map(|(_, value)| value).collect()),
        Class::Dataclass | Class::Pydantic | Class::TypedDict => Value::Map(fields),
    })
}

fn written<R: Record>(value: R, style: Style) -> Result<Vec<(Value, Value)>, Mismatches> {
    let mut fields = ValueFieldsOut::new(style);
    (R::codec().write)(value, &mut fields);
    fields.into_fields()
}

/// Whether a form has the fields of a derived struct and no others, so that a union of several finds
/// the right one.
///
/// The object is seen from outside only: reading all of it here and again in `from_form` would double
/// the work at every level of unions within unions.
#[must_use]
pub fn is_own<R: Record>(form: &Form<'_>) -> bool {
    let seen = match form {
        Form::Fields(fields) => Seen::ByName(fields),
        Form::Values(values) if R::CLASS == Class::NamedTuple => Seen::InOrder(values),
        _ => return false,
    };
    let mut reader = Reader::Glance(Glance::at(seen));
    place::inside(R::CLASS.alone(), || (R::codec().read)(&mut reader));
    matches!(reader, Reader::Glance(glance) if glance.fits_exactly())
}
