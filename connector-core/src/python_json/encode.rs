//! A serde serializer that writes what Python's `json.dumps` would.
//! Structs are objects in declaration order, `", "` and `": "` separate, `None` is `null`.
//! Spelling of floats and strings is in `text`, map keys in `keys`.

use serde::ser::{self, Serialize};

use super::error::EncodeError;
use super::keys::KeyText;
use super::text;

/// Writes a value as Python's `json.dumps` would.
///
/// # Errors
/// Map keys that are neither text, number, boolean nor nothing, and errors of the value itself.
pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    // Most metadata fits, and need not be moved as it grows.
    let mut out = Vec::with_capacity(256);
    value.serialize(PythonJson { out: &mut out })?;
    Ok(out)
}

struct PythonJson<'a> {
    out: &'a mut Vec<u8>,
}

impl PythonJson<'_> {
    fn push(self, text: impl AsRef<[u8]>) -> Result<(), EncodeError> {
        self.out.extend_from_slice(text.as_ref());
        Ok(())
    }
}

/// Serializers for numbers: Python writes integers of every size in plain digits.
macro_rules! integers {
    ($($method:ident: $type:ty),+) => {
        $(fn $method(self, value: $type) -> Result<(), EncodeError> {
            self.push(itoa::Buffer::new().format(value))
        })+
    };
}

impl<'a> ser::Serializer for PythonJson<'a> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        self.push(if value { "true" } else { "false" })
    }

    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        text::push_single(self.out, value);
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        text::push_float(self.out, value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        text::push_string(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.push("null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let mut object = Compound::open(self.out, b"{", b"}");
        object.field(variant, value)?;
        object.finish();
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'a>, EncodeError> {
        Ok(Compound::open(self.out, b"[", b"]"))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Compound<'a>, EncodeError> {
        Ok(Compound::open(self.out, b"[", b"]"))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, EncodeError> {
        Ok(Compound::open(self.out, b"[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, EncodeError> {
        Ok(Compound::variant(self.out, variant, b"[", b"]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Compound<'a>, EncodeError> {
        Ok(Compound::open(self.out, b"{", b"}"))
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, EncodeError> {
        Ok(Compound::open(self.out, b"{", b"}"))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, EncodeError> {
        Ok(Compound::variant(self.out, variant, b"{", b"}}"))
    }
}

/// An array or object being written; `close` ends it.
struct Compound<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
    close: &'static [u8],
}

impl<'a> Compound<'a> {
    fn open(out: &'a mut Vec<u8>, open: &[u8], close: &'static [u8]) -> Self {
        out.extend_from_slice(open);
        Self { out, empty: true, close }
    }

    /// An enum variant with content: an object with one key.
    fn variant(out: &'a mut Vec<u8>, variant: &str, open: &[u8], close: &'static [u8]) -> Self {
        out.push(b'{');
        text::push_string(out, variant);
        out.extend_from_slice(b": ");
        Self::open(out, open, close)
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.out.extend_from_slice(b", ");
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.separate();
        value.serialize(PythonJson { out: self.out })
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), EncodeError> {
        self.separate();
        text::push_string(self.out, key);
        self.out.extend_from_slice(b": ");
        value.serialize(PythonJson { out: self.out })
    }

    fn finish(self) {
        self.out.extend_from_slice(self.close);
    }
}

/// The serde compounds without names: every element is an item.
macro_rules! items {
    ($($compound:ident: $method:ident),+) => {
        $(impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.item(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish();
                Ok(())
            }
        })+
    };
}

items! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
}

/// The serde compounds with field names.
macro_rules! fields {
    ($($compound:ident),+) => {
        $(impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish();
                Ok(())
            }
        })+
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.separate();
        text::push_string(self.out, &key.serialize(KeyText)?);
        self.out.extend_from_slice(b": ");
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(PythonJson { out: self.out })
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::to_vec;

    fn text<T: Serialize>(value: &T) -> String {
        String::from_utf8(to_vec(value).unwrap()).unwrap()
    }

    #[derive(Serialize)]
    struct Inner {
        z: f64,
    }

    #[derive(Serialize)]
    struct Meta {
        b_id: &'static str,
        a: i64,
        opt: Option<i64>,
        inner: Inner,
        list: Vec<bool>,
    }

    #[test]
    fn a_struct_reads_as_python_writes_a_dataclass() {
        let meta =
            Meta { b_id: "é\"\n/x", a: 3, opt: None, inner: Inner { z: 1.0 }, list: vec![true] };
        assert_eq!(
            text(&meta),
            r#"{"b_id": "\u00e9\"\n/x", "a": 3, "opt": null, "inner": {"z": 1.0}, "list": [true]}"#
        );
    }

    #[test]
    fn keys_become_text() {
        assert_eq!(text(&BTreeMap::from([(2, "x"), (10, "y")])), r#"{"2": "x", "10": "y"}"#);
        assert_eq!(text(&BTreeMap::from([(Some(true), 1)])), r#"{"true": 1}"#);
        let refused = to_vec(&BTreeMap::from([(vec![1], 1)])).unwrap_err();
        assert!(refused.to_string().contains("map keys"), "{refused}");
    }

    #[test]
    fn enums_and_units() {
        #[derive(Serialize)]
        enum Shape {
            Dot,
            Line(f64),
            Box { w: u8 },
            Pair(u8, u8),
        }
        assert_eq!(text(&Shape::Dot), r#""Dot""#);
        assert_eq!(text(&Shape::Line(1e22)), r#"{"Line": 1e+22}"#);
        assert_eq!(text(&Shape::Box { w: 1 }), r#"{"Box": {"w": 1}}"#);
        assert_eq!(text(&Shape::Pair(1, 2)), r#"{"Pair": [1, 2]}"#);
        assert_eq!(text(&((), u64::MAX, 'x')), r#"[null, 18446744073709551615, "x"]"#);
    }
}
