//! Details that an answer shows to people, and JSON in the form Flyte carries it.
//!
//! [`Resource::info`](crate::Resource::info) takes anything that becomes an [`InfoValue`]: text,
//! numbers, booleans, lists, maps, options, and JSON.
//!
//! ```
//! use connector_core::prelude::*;
//!
//! let answer: Resource = Resource::running()
//!     .info("progress", 0.4)
//!     .info("workers", vec!["a", "b"])
//!     .info("queue", None::<String>);
//! # let _ = answer;
//! ```
//!
//! Flyte carries JSON objects as protobuf's `Struct`: [`json_to_struct`] and [`struct_to_json`] change
//! one into the other.

// Resources, dynamic settings and metrics build on it. It never makes a value that a strict JSON
// reader refuses: no NaN, no value without a kind.

use std::collections::BTreeMap;

use prost_types::{ListValue, Struct, Value, value::Kind};

use crate::error::{ConnectorError, Result};

/// From here on neighbouring whole numbers share one double, so that it may stand for either.
const INEXACT: i64 = 1 << 53;

/// One value of `custom_info`.
///
/// `Struct` numbers are doubles, so integers from 2⁵³ on become text, and so do NaN and infinities,
/// which JSON cannot carry.
#[derive(Debug, Clone, PartialEq)]
pub struct InfoValue(Kind);

impl InfoValue {
    /// The explicit nothing.
    #[must_use]
    pub const fn null() -> Self {
        Self(Kind::NullValue(0))
    }

    pub(crate) fn into_value(self) -> Value {
        Value { kind: Some(self.0) }
    }
}

impl From<&str> for InfoValue {
    fn from(text: &str) -> Self {
        Self(Kind::StringValue(text.to_owned()))
    }
}

impl From<String> for InfoValue {
    fn from(text: String) -> Self {
        Self(Kind::StringValue(text))
    }
}

impl From<&String> for InfoValue {
    fn from(text: &String) -> Self {
        Self(Kind::StringValue(text.clone()))
    }
}

impl From<bool> for InfoValue {
    fn from(value: bool) -> Self {
        Self(Kind::BoolValue(value))
    }
}

impl From<f64> for InfoValue {
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self(Kind::NumberValue(number))
        } else {
            Self(Kind::StringValue(number.to_string()))
        }
    }
}

impl From<i64> for InfoValue {
    fn from(number: i64) -> Self {
        if (1 - INEXACT..INEXACT).contains(&number) {
            #[expect(clippy::cast_precision_loss, reason = "exact below 2^53, checked above")]
            let exact = number as f64;
            Self(Kind::NumberValue(exact))
        } else {
            Self(Kind::StringValue(number.to_string()))
        }
    }
}

impl From<u64> for InfoValue {
    fn from(number: u64) -> Self {
        i64::try_from(number)
            .map_or_else(|_| Self(Kind::StringValue(number.to_string())), Self::from)
    }
}

impl From<i32> for InfoValue {
    fn from(number: i32) -> Self {
        Self::from(i64::from(number))
    }
}

impl From<u32> for InfoValue {
    fn from(number: u32) -> Self {
        Self::from(i64::from(number))
    }
}

impl<T: Into<Self>> From<Option<T>> for InfoValue {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for InfoValue {
    fn from(items: Vec<T>) -> Self {
        let values = items.into_iter().map(|item| item.into().into_value()).collect();
        Self(Kind::ListValue(ListValue { values }))
    }
}

impl From<Struct> for InfoValue {
    fn from(object: Struct) -> Self {
        Self(Kind::StructValue(object))
    }
}

impl<K: Into<String>, V: Into<Self>> From<BTreeMap<K, V>> for InfoValue {
    fn from(entries: BTreeMap<K, V>) -> Self {
        let fields = entries
            .into_iter()
            .map(|(key, value)| (key.into(), value.into().into_value()))
            .collect();
        Self(Kind::StructValue(Struct { fields }))
    }
}

impl From<serde_json::Value> for InfoValue {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::null(),
            Json::Bool(value) => Self::from(value),
            Json::String(text) => Self::from(text),
            Json::Number(number) => number
                .as_i64()
                .map(Self::from)
                .or_else(|| number.as_u64().map(Self::from))
                .or_else(|| number.as_f64().map(Self::from))
                .unwrap_or_else(|| Self::from(number.to_string())),
            Json::Array(items) => Self::from(items),
            Json::Object(fields) => Self(Kind::StructValue(Struct {
                fields: fields
                    .into_iter()
                    .map(|(key, value)| (key, Self::from(value).into_value()))
                    .collect(),
            })),
        }
    }
}

/// A JSON object as a `Struct`.
///
/// # Errors
/// The value is not an object.
pub fn json_to_struct(value: serde_json::Value) -> Result<Struct> {
    match InfoValue::from(value).0 {
        Kind::StructValue(object) => Ok(object),
        _ => Err(ConnectorError::permanent("a `Struct` holds an object, not a single value")),
    }
}

/// A `Struct` as a JSON object. Whole numbers become integers, values without a kind null.
#[must_use]
pub fn struct_to_json(object: &Struct) -> serde_json::Value {
    serde_json::Value::Object(
        object.fields.iter().map(|(key, value)| (key.clone(), value_to_json(value))).collect(),
    )
}

fn value_to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => Json::Bool(*value),
        Some(Kind::StringValue(text)) => Json::String(text.clone()),
        Some(Kind::NumberValue(number)) => number_to_json(*number),
        Some(Kind::ListValue(list)) => Json::Array(list.values.iter().map(value_to_json).collect()),
        Some(Kind::StructValue(object)) => struct_to_json(object),
    }
}

fn number_to_json(number: f64) -> serde_json::Value {
    #[expect(clippy::cast_precision_loss, reason = "2^53 is exact")]
    let exact = number.fract() == 0.0 && number.abs() < INEXACT as f64;
    if exact {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, checked above")]
        let whole = number as i64;
        return serde_json::Value::from(whole);
    }
    // NaN and infinities have no JSON form; text keeps them visible.
    serde_json::Number::from_f64(number)
        .map_or_else(|| serde_json::Value::String(number.to_string()), serde_json::Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{InfoValue, json_to_struct, struct_to_json};

    #[test]
    fn json_survives_the_way_there_and_back() {
        let value = json!({"a": 1, "b": [1.5, null, {"c": {}}], "d": "x", "e": true, "f": []});
        let object = json_to_struct(value.clone()).unwrap();
        assert_eq!(struct_to_json(&object), value);
        assert!(json_to_struct(json!([1])).is_err());
    }

    #[test]
    fn what_a_double_or_json_cannot_carry_becomes_text() {
        assert_eq!(InfoValue::from(f64::NAN), InfoValue::from("NaN"));
        assert_eq!(InfoValue::from(f64::NEG_INFINITY), InfoValue::from("-inf"));
        assert_eq!(InfoValue::from((1_i64 << 53) + 1), InfoValue::from("9007199254740993"));
        // 2^53 itself would be what 2^53 + 1 is rounded to, too.
        assert_eq!(InfoValue::from(1_i64 << 53), InfoValue::from("9007199254740992"));
        assert_eq!(InfoValue::from((1_i64 << 53) - 1), InfoValue::from(9_007_199_254_740_991.0));
        assert_eq!(InfoValue::from(-(1_i64 << 53)), InfoValue::from("-9007199254740992"));
        assert_eq!(InfoValue::from(u64::MAX), InfoValue::from(u64::MAX.to_string()));
        assert_eq!(InfoValue::from(None::<i64>), InfoValue::null());
    }
}
