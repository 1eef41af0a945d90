//! Rust types as Flyte types: one trait, implemented for every type a task can carry.
//! The derives build on it; `task` reads inputs and settings and writes outputs through it.
//! How literals and msgpack look is in the files here; nothing above needs to know.

mod boxed;
mod collection;
mod connection;
mod datetime;
#[doc(hidden)]
pub mod derived;
pub mod describe;
#[doc(hidden)]
pub mod enumeration;
mod fields;
mod file;
mod form;
mod iso;
mod json;
mod mismatch;
mod msgpack;
mod nesting;
mod number;
mod optional;
mod patience;
mod place;
mod raw;
#[doc(hidden)]
pub mod record;
mod tag;
mod text;
#[cfg(any(feature = "chrono", feature = "time"))]
mod through;
mod time;
mod tuple;
#[doc(hidden)]
pub mod union;
#[cfg(feature = "chrono")]
mod with_chrono;
#[cfg(feature = "time")]
mod with_time;

pub use collection::MapKey;
pub use connection::{ConnectionFields, ConnectionValue, SecretValue};
pub use datetime::Datetime;
pub use describe::{Class, FieldDescription, Interface, Shape, TypeDescription};
pub use enumeration::Enumeration;
pub use fields::{LiteralFields, LiteralFieldsOut};
pub use file::{DataFrame, Dir, File};
pub use form::Form;
pub use mismatch::{Mismatch, Mismatches};
pub use optional::OptionalField;
pub use record::{Record, ValueFields, ValueFieldsOut};
pub use rmpv::Value;
pub use union::Union;

use crate::pb;

/// How values inside a msgpack object are spelled: Python's families of classes differ.
// Exhaustive on purpose: another spelling concerns everything that writes values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// As dataclasses write them: durations in seconds, enums by value.
    #[default]
    Dataclass,
    /// As pydantic models write them: ISO durations, enums by name.
    Pydantic,
    /// As a `TypedDict` writes them: like a model, and so are the `TypedDict`s inside it.
    TypedDict,
    /// As pydantic writes what stands in a model where Flyte does not look for enums, in tuples,
    /// unions and classes of other families: ISO durations, enums by value.
    Within,
}

impl Style {
    /// How values are spelled that stand in a tuple or a union, which is spelled this way.
    #[must_use]
    pub(crate) const fn within(self) -> Self {
        match self {
            Self::Dataclass => Self::Dataclass,
            Self::Pydantic | Self::TypedDict | Self::Within => Self::Within,
        }
    }
}

/// A Rust type that a Flyte task can carry as an input, an output or a setting.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that a Flyte task can carry",
    label = "no Flyte type",
    note = "add `#[derive(FlyteType)]` to `{Self}`, or use one of the types listed at `FlyteType`"
)]
pub trait FlyteType: Sized + Send + Sync + 'static {
    /// What Python's type engine calls the transformer of this type; it tags values of unions.
    const TAG: &'static str;

    /// Whether this type is a union itself, and its literals are wrapped already.
    const IS_UNION: bool = false;

    /// The type as a task's interface declares it.
    fn literal_type() -> pb::LiteralType;

    /// The type for people and for JSON Schema.
    fn describe() -> TypeDescription;

    /// Reads a value that was taken out of a literal, a msgpack object or a `Struct`.
    ///
    /// # Errors
    /// Everything that does not fit, with its path.
    fn from_form(form: Form<'_>) -> Result<Self, Mismatches>;

    /// Reads a literal. A value wrapped for a union is unwrapped.
    ///
    /// # Errors
    /// Everything that does not fit, with its path.
    fn from_literal(literal: &pb::Literal) -> Result<Self, Mismatches> {
        Self::from_form(Form::of(literal)?)
    }

    /// The literal of this value.
    ///
    /// # Errors
    /// Values that Flyte cannot carry, with their path.
    fn into_literal(self) -> Result<pb::Literal, Mismatches>;

    /// This value inside a msgpack object.
    ///
    /// # Errors
    /// Values that msgpack cannot carry, with their path.
    fn into_value(self, style: Style) -> Result<Value, Mismatches>;

    /// The value of an input that did not come; `None` if one must come.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// Whether `form` is this type's own spelling rather than one it merely accepts. Unions ask,
    /// so that a float does not become the integer it happens to equal.
    #[must_use]
    fn is_own(form: &Form<'_>) -> bool {
        let _ = form;
        true
    }

    /// Whether a value that is tagged so in a union may be read as this type, where no alternative
    /// of the union has the tag itself.
    #[must_use]
    fn takes_tag(tag: &str) -> bool {
        tag::may_be(Self::TAG, tag)
    }
}

/// The type of a value inside a union: the type itself, with its transformer's name.
pub(crate) fn tagged_type<T: FlyteType>() -> pb::LiteralType {
    let mut declared = T::literal_type();
    declared.structure.get_or_insert_default().tag = T::TAG.to_owned();
    declared
}

/// A simple type without more.
fn simple(simple: pb::SimpleType) -> pb::LiteralType {
    pb::LiteralType {
        r#type: Some(pb::literal_type::Type::Simple(simple as i32)),
        ..Default::default()
    }
}
