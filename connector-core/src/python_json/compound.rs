//! Arrays and objects while they are being written: brackets, commas, keys.
//! `encode` opens one per serde compound; nothing else uses it.

use serde::ser::{self, Serialize};

use super::encode::{EncodeError, PythonJson};
use super::keys::KeyText;
use super::text;

/// An array or object being written; `close` ends it.
pub(super) struct Compound<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
    close: &'static [u8],
}

impl<'a> Compound<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>, open: &[u8], close: &'static [u8]) -> Self {
        out.extend_from_slice(open);
        Self { out, empty: true, close }
    }

    /// An enum variant with content: an object with one key.
    pub(super) fn variant(
        out: &'a mut Vec<u8>,
        variant: &str,
        open: &[u8],
        close: &'static [u8],
    ) -> Self {
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

    pub(super) fn field<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.separate();
        text::push_string(self.out, key);
        self.out.extend_from_slice(b": ");
        value.serialize(PythonJson { out: self.out })
    }

    pub(super) fn finish(self) {
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
