//! For a [`FlyteType`] of one's own: the forms that values are read from, and what
//! types say about themselves.
//!
//! Rust's own types have the trait already, and `#[derive(FlyteType)]` writes it for structs and enums.
//! By hand it takes a few lines, mostly of another type's:
//!
//! ```
//! use connector_core::prelude::*;
//! use connector_core::typed::{Form, Mismatches, Style, TypeDescription, Value};
//!
//! /// A share between 0 and 1: Python's `float`.
//! struct Share(f64);
//!
//! impl FlyteType for Share {
//!     const TAG: &'static str = f64::TAG;
//!
//!     fn literal_type() -> pb::LiteralType {
//!         f64::literal_type()
//!     }
//!
//!     fn describe() -> TypeDescription {
//!         f64::describe()
//!     }
//!
//!     fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
//!         match f64::from_form(form)? {
//!             share @ 0.0..=1.0 => Ok(Self(share)),
//!             other => Err(Mismatches::expected("a share between 0 and 1", other)),
//!         }
//!     }
//!
//!     fn into_literal(self) -> Result<pb::Literal, Mismatches> {
//!         self.0.into_literal()
//!     }
//!
//!     fn into_value(self, style: Style) -> Result<Value, Mismatches> {
//!         self.0.into_value(style)
//!     }
//! }
//!
//! let problem = Share::from_literal(&literal::float(1.5)).err().unwrap();
//! assert_eq!(problem.to_string(), "expected a share between 0 and 1, found 1.5");
//! ```
//!
//! Keys of maps are a [`MapKey`], settings of a connection a [`ConnectionValue`].

// The derives build on the files here, through `__private`; `task` reads inputs and settings and writes
// outputs through them. How literals and msgpack look is told nowhere else.

mod boxed;
mod collection;
pub(crate) mod connection;
pub(crate) mod datetime;
pub(crate) mod derived;
pub(crate) mod describe;
pub(crate) mod enumeration;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod flyte_type;
mod form;
mod iso;
mod json;
mod mismatch;
pub(crate) mod msgpack;
mod nesting;
mod number;
pub(crate) mod object;
pub(crate) mod optional;
mod patience;
mod place;
mod raw;
pub(crate) mod record;
mod tag;
mod text;
mod through;
mod time;
mod tuple;
pub(crate) mod union;
#[cfg(feature = "chrono")]
mod with_chrono;
mod with_std;
#[cfg(feature = "time")]
mod with_time;

pub use collection::MapKey;
pub use connection::ConnectionValue;
pub(crate) use datetime::Datetime;
pub(crate) use describe::Interface;
pub use describe::{Class, FieldDescription, TypeDescription};
pub(crate) use flyte_type::FlyteType;
pub use form::Form;
pub use mismatch::{Mismatch, Mismatches};
pub(crate) use msgpack::exact as exact_whole;
pub use rmpv::Value;

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

/// A simple type without more.
fn simple(simple: pb::SimpleType) -> pb::LiteralType {
    pb::LiteralType {
        r#type: Some(pb::literal_type::Type::Simple(simple as i32)),
        ..Default::default()
    }
}
