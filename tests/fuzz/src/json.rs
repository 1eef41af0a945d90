//! JSON that is whole but odd, as metadata has it: one object, with Python's bare words in it.
//! The `resource_meta` campaign adds these to the broken examples.

use proptest::prelude::Strategy;
use prost_types::{Struct, value::Kind};

use crate::Input;
use crate::messages::object;

/// JSON as metadata has it: one object, with Python's bare words for numbers that JSON lacks.
pub fn objects() -> impl Strategy<Value = Input> {
    object().prop_map(|object| {
        let mut out = String::new();
        write_object(&object, &mut out);
        Input(out.into_bytes())
    })
}

fn write_object(object: &Struct, out: &mut String) {
    out.push('{');
    for (index, (key, value)) in object.fields.iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        out.push_str(&serde_json::Value::from(key.as_str()).to_string());
        out.push_str(": ");
        write_value(value, out);
    }
    out.push('}');
}

fn write_value(value: &prost_types::Value, out: &mut String) {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => out.push_str("null"),
        Some(Kind::BoolValue(value)) => out.push_str(&value.to_string()),
        Some(Kind::StringValue(text)) => {
            out.push_str(&serde_json::Value::from(text.as_str()).to_string());
        }
        Some(Kind::NumberValue(number)) if number.is_nan() => out.push_str("NaN"),
        Some(Kind::NumberValue(number)) if number.is_infinite() => {
            out.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Some(Kind::NumberValue(number)) => out.push_str(&number.to_string()),
        Some(Kind::ListValue(list)) => {
            out.push('[');
            for (index, value) in list.values.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_value(value, out);
            }
            out.push(']');
        }
        Some(Kind::StructValue(object)) => write_object(object, out),
    }
}
