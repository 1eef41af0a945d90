//! Rust types as Flyte types: one trait, implemented for every type a task can carry.
//! The derives build on it; `task` reads inputs and settings and writes outputs through it.
//! How literals and msgpack look is in the files here; nothing above needs to know.

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
mod msgpack;
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
#[cfg(any(feature = "chrono", feature = "time"))]
mod through;
mod time;
mod tuple;
pub(crate) mod union;
#[cfg(feature = "chrono")]
mod with_chrono;
#[cfg(feature = "time")]
mod with_time;

pub use collection::MapKey;
pub use connection::ConnectionValue;
#[cfg(any(feature = "chrono", feature = "time"))]
pub(crate) use datetime::Datetime;
pub(crate) use describe::Interface;
pub use describe::{Class, FieldDescription, TypeDescription};
pub(crate) use flyte_type::FlyteType;
pub use form::Form;
pub use mismatch::{Mismatch, Mismatches};
pub(crate) use number::exact as exact_whole;
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
