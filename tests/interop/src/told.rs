//! Tells Rust values as `typed_nodes.py` tells Python's, so that the two can be compared.
//! `typed_vectors.rs` calls it for what it has read; derived types tell themselves in the tests.
//! Nothing here knows what a value should be.

use std::collections::BTreeMap;

use connector_core::jiff::SignedDuration;
use connector_core::jiff::civil::Date;
use connector_core::{DataFrame, Datetime, Dir, File};
use prost_types::{Struct, value::Kind};
use serde_json::{Map, Value, json};

/// A type whose values can be told.
pub trait Told {
    /// The value as a node.
    fn told(&self) -> Value;
}

impl Told for () {
    fn told(&self) -> Value {
        json!({ "none": null })
    }
}

impl Told for bool {
    fn told(&self) -> Value {
        json!({ "bool": self })
    }
}

impl Told for i64 {
    fn told(&self) -> Value {
        json!({ "int": self.to_string() })
    }
}

impl Told for u64 {
    fn told(&self) -> Value {
        json!({ "int": self.to_string() })
    }
}

impl Told for f64 {
    fn told(&self) -> Value {
        // One NaN for all: Python does not tell them apart.
        let bits = if self.is_nan() { 0x7ff8_0000_0000_0000 } else { self.to_bits() };
        json!({ "float": format!("{bits:016x}") })
    }
}

impl Told for String {
    fn told(&self) -> Value {
        json!({ "str": self })
    }
}

impl Told for bytes::Bytes {
    fn told(&self) -> Value {
        json!({ "bytes": self.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
    }
}

impl Told for Datetime {
    fn told(&self) -> Value {
        json!({ "datetime": self.as_nanoseconds().div_euclid(1_000).to_string() })
    }
}

impl Told for Date {
    fn told(&self) -> Value {
        json!({ "date": self.to_string() })
    }
}

impl Told for SignedDuration {
    fn told(&self) -> Value {
        json!({ "duration": self.as_nanos().div_euclid(1_000).to_string() })
    }
}

impl<T: Told> Told for Option<T> {
    fn told(&self) -> Value {
        self.as_ref().map_or_else(|| ().told(), T::told)
    }
}

impl<T: Told> Told for Box<T> {
    fn told(&self) -> Value {
        T::told(self)
    }
}

impl<T: Told> Told for Vec<T> {
    fn told(&self) -> Value {
        json!({ "list": self.iter().map(T::told).collect::<Vec<_>>() })
    }
}

impl<K: Told, V: Told> Told for BTreeMap<K, V> {
    fn told(&self) -> Value {
        let pairs = self.iter().map(|(key, value)| json!([key.told(), value.told()]));
        json!({ "map": pairs.collect::<Vec<_>>() })
    }
}

macro_rules! tuples {
    ($(($($item:ident $index:tt),+))+) => {
        $(impl<$($item: Told),+> Told for ($($item,)+) {
            fn told(&self) -> Value {
                json!({ "tuple": [$(self.$index.told()),+] })
            }
        })+
    };
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

impl Told for File {
    fn told(&self) -> Value {
        json!({ "file": [self.uri, self.format, self.hash, self.name] })
    }
}

impl Told for Dir {
    fn told(&self) -> Value {
        json!({ "dir": [self.uri, self.format, self.hash, self.name] })
    }
}

impl Told for DataFrame {
    fn told(&self) -> Value {
        json!({ "frame": [self.uri, self.format, self.hash] })
    }
}

impl Told for Struct {
    fn told(&self) -> Value {
        let told = |(key, value): (&String, &prost_types::Value)| {
            json!([key.told(), value.kind.as_ref().map_or_else(|| ().told(), kind_told)])
        };
        json!({ "map": self.fields.iter().map(told).collect::<Vec<_>>() })
    }
}

fn kind_told(kind: &Kind) -> Value {
    match kind {
        Kind::NullValue(_) => ().told(),
        Kind::NumberValue(number) => number.told(),
        Kind::StringValue(text) => text.told(),
        Kind::BoolValue(value) => value.told(),
        Kind::StructValue(object) => object.told(),
        Kind::ListValue(list) => {
            let kinds = list.values.iter().map(|value| value.kind.as_ref());
            json!({ "list": kinds.map(|kind| kind.map_or(Value::Null, kind_told)).collect::<Vec<_>>() })
        }
    }
}

/// JSON of no declared type.
impl Told for Value {
    fn told(&self) -> Value {
        match self {
            Self::Null => ().told(),
            Self::Bool(value) => value.told(),
            Self::String(text) => text.told(),
            Self::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => number.told(),
                (_, Some(number), _) => number.told(),
                (_, _, number) => number.unwrap_or(f64::NAN).told(),
            },
            Self::Array(items) => items.told(),
            Self::Object(fields) => sorted(fields).told(),
        }
    }
}

fn sorted(fields: &Map<String, Value>) -> BTreeMap<String, Value> {
    fields.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}
