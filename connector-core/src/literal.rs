//! Values as Flyte carries them between tasks, made by hand: the outputs of a connector that names no
//! type for them.
//!
//! ```
//! use connector_core::prelude::*;
//!
//! let mut outputs = DynamicOutputs::default();
//! outputs.insert("video", literal::string("s3://out/7.mp4"));
//! outputs.insert("sizes", literal::list([literal::integer(1), literal::integer(2)]));
//! let answer: Resource = Resource::succeeded(outputs);
//! # let _ = answer;
//! ```
//!
//! A struct with `#[derive(TaskOutputs)]` needs none of these, and can carry more kinds of values.

// Only shapes that every reader of Flyte accepts are made here.

use std::time::SystemTime;

use prost_types::Timestamp;

use crate::pb;
use crate::pb::{literal, primitive, scalar};

/// An `INTEGER` literal: Python `int`.
#[must_use]
pub fn integer(value: i64) -> pb::Literal {
    primitive(primitive::Value::Integer(value))
}

/// A `FLOAT` literal: Python `float`. NaN and infinities pass unchanged.
#[must_use]
pub fn float(value: f64) -> pb::Literal {
    primitive(primitive::Value::FloatValue(value))
}

/// A `STRING` literal: Python `str`.
#[must_use]
pub fn string(value: impl Into<String>) -> pb::Literal {
    primitive(primitive::Value::StringValue(value.into()))
}

/// A `BOOLEAN` literal: Python `bool`.
#[must_use]
pub fn boolean(value: bool) -> pb::Literal {
    primitive(primitive::Value::Boolean(value))
}

/// A `DATETIME` literal: Python `datetime`, UTC.
#[must_use]
pub fn datetime(value: SystemTime) -> pb::Literal {
    primitive(primitive::Value::Datetime(Timestamp::from(value)))
}

/// A `NONE` literal: Python `None` for a task that declares `None`.
#[must_use]
pub fn none() -> pb::Literal {
    scalar(scalar::Value::NoneType(pb::Void {}))
}

/// A collection literal: Python `list`.
#[must_use]
pub fn list(items: impl IntoIterator<Item = pb::Literal>) -> pb::Literal {
    let literals = items.into_iter().collect();
    of(literal::Value::Collection(pb::LiteralCollection { literals }))
}

/// A map literal: Python `dict` with string keys.
#[must_use]
pub fn map<N: Into<String>>(entries: impl IntoIterator<Item = (N, pb::Literal)>) -> pb::Literal {
    let literals = entries.into_iter().map(|(name, value)| (name.into(), value)).collect();
    of(literal::Value::Map(pb::LiteralMap { literals }))
}

pub(crate) fn primitive(value: primitive::Value) -> pb::Literal {
    scalar(scalar::Value::Primitive(pb::Primitive { value: Some(value) }))
}

fn scalar(value: scalar::Value) -> pb::Literal {
    of(literal::Value::Scalar(Box::new(pb::Scalar { value: Some(value) })))
}

fn of(value: literal::Value) -> pb::Literal {
    pb::Literal { value: Some(value), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::{boolean, float, integer, list, none, string};

    /// The bytes the official Python SDK makes of the same values.
    #[test]
    fn bytes_are_those_of_python() {
        let cases: [(crate::pb::Literal, &[u8]); 5] = [
            (integer(5), b"\x0a\x04\x0a\x02\x08\x05"),
            (integer(0), b"\x0a\x04\x0a\x02\x08\x00"),
            (boolean(false), b"\x0a\x04\x0a\x02\x20\x00"),
            (list([]), b"\x12\x00"),
            (none(), b"\x0a\x02\x2a\x00"),
        ];
        for (literal, bytes) in cases {
            assert_eq!(literal.encode_to_vec(), bytes);
        }
        assert_eq!(string("a").encode_to_vec(), b"\x0a\x05\x0a\x03\x1a\x01a");
        assert!(float(f64::NAN).encode_to_vec().ends_with(b"\xf8\x7f"));
    }
}
