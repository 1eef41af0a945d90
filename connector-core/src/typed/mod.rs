//! Rust types as Flyte types: one trait, implemented for every type a task can carry.
//! The derives build on it; `task` reads inputs and settings and writes outputs through it.
//! How literals and msgpack look is in the files here; nothing above needs to know.

mod boxed;
mod collection;
pub(crate) mod connection;
pub(crate) mod derived;
pub(crate) mod describe;
pub(crate) mod enumeration;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod flyte_type;
mod form;
mod iso;
mod mismatch;
pub(crate) mod msgpack;
mod nesting;
mod number;
pub(crate) mod object;
pub(crate) mod optional;
mod patience;
mod raw;
pub(crate) mod record;
mod text;
mod time;
mod tuple;
pub(crate) mod union;

pub use collection::MapKey;
pub use connection::ConnectionValue;
pub(crate) use describe::Interface;
pub use describe::{FieldDescription, TypeDescription};
pub(crate) use flyte_type::FlyteType;
pub use form::Form;
pub use mismatch::{Mismatch, Mismatches};
pub use rmpv::Value;

use crate::pb;

/// How values inside a msgpack object are spelled: Python's two families of classes differ.
// Exhaustive on purpose: a third spelling concerns everything that writes values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// As dataclasses write them: durations in seconds, enums by value.
    #[default]
    Dataclass,
    /// As pydantic models write them: ISO durations, enums by name.
    Pydantic,
}

/// A simple type without more.
fn simple(simple: pb::SimpleType) -> pb::LiteralType {
    pb::LiteralType {
        r#type: Some(pb::literal_type::Type::Simple(simple as i32)),
        ..Default::default()
    }
}
