//! Reads JSON that Python or this crate wrote, leniently.
//! The resource-metadata decoder is its only caller.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::error::DecodeError;

/// Reads a value; unlike strict JSON it takes the bare `NaN` and `Infinity` that Python writes.
///
/// # Errors
/// Text that is not UTF-8, not JSON, or lacks what `T` needs.
pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError("it is empty".to_owned()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        // Python's pickle starts with 0x80; some Python connectors send it.
        let pickle = if bytes.first() == Some(&0x80) {
            "; it looks like a Python pickle, which only the Python connector that wrote it can read"
        } else {
            ""
        };
        DecodeError(format!("it is not UTF-8 at byte {}{pickle}", error.valid_up_to()))
    })?;
    if !text.trim_start().starts_with('{') && is_object::<T>() {
        return Err(DecodeError("it is not a JSON object".to_owned()));
    }
    // From bytes, though they are known to be text: given text, serde_json 1.0.154 cuts a map's key
    // within a character where a boolean is expected, and trusts the rest to be UTF-8.
    serde_json::from_slice(bytes).or_else(|strict| {
        // JSON5 knows the bare words; everything else keeps the strict reader's message.
        let has_word = text.contains("NaN") || text.contains("Infinity");
        if has_word && is_shallow(text) {
            json5::from_str(text).map_err(|_| DecodeError(strict.to_string()))
        } else {
            Err(DecodeError(strict.to_string()))
        }
    })
}

/// Whether text nests no deeper than the strict reader goes: the JSON5 reader has no limit of its
/// own and would overflow the stack. Quotes and comments that JSON lacks could hide depth from this
/// count; Python writes neither, so text with them is not looked into.
fn is_shallow(text: &str) -> bool {
    const DEEPEST: usize = 128;
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'\'' | b'/' => return false,
            b'"' => {
                while bytes.next().is_some_and(|byte| match byte {
                    b'\\' => bytes.next().is_some(),
                    other => other != b'"',
                }) {}
            }
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

/// Whether `T` reads itself from an object. serde would also fill such a type from an array, by
/// position, and so take one connector's metadata for another's.
fn is_object<T: DeserializeOwned>() -> bool {
    matches!(T::deserialize(Probe), Err(Asked::ForObject))
}

/// A deserializer that only notes what it is asked for first.
struct Probe;

#[derive(Debug)]
enum Asked {
    ForObject,
    ForSomethingElse,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<M: fmt::Display>(_message: M) -> Self {
        Self::ForSomethingElse
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Asked> {
        Err(Asked::ForSomethingElse)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Asked> {
        Err(Asked::ForObject)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked::ForObject)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::from_slice;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Meta {
        id: String,
        at: f64,
        note: Option<String>,
    }

    fn read(text: &str) -> Result<Meta, String> {
        from_slice(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn is_lenient_where_a_mixed_fleet_needs_it() {
        let expected = Meta { id: "a".to_owned(), at: 2.0, note: None };
        assert_eq!(read(r#"{"id": "a", "at": 2}"#).unwrap(), expected);
        assert_eq!(read(r#"{"at": 2.0, "id": "a", "note": null, "new": [1]}"#).unwrap(), expected);
        assert!(read(r#"{"id": "a", "at": NaN}"#).unwrap().at.is_nan());
        assert_eq!(read(r#"{"id": "a", "at": -Infinity}"#).unwrap().at, f64::NEG_INFINITY);
    }

    #[test]
    fn depth_is_bounded_where_bare_words_are_read() {
        for inside in ["NaN", "\"]]]]\", NaN", "\"\\\"]]\", NaN"] {
            let nested = |depth| {
                let (open, close) = ("[".repeat(depth), "]".repeat(depth));
                read(&format!(r#"{{"id": "a", "at": 1, "new": {open}{inside}{close}}}"#))
            };
            assert!(nested(100).is_ok(), "{inside}");
            assert!(nested(100_000).is_err(), "{inside}");
        }
        for hidden in ["'\"', ", "/*\"*/"] {
            let text =
                format!(r#"{{"id": "a", "at": NaN, "new": [{hidden}{}"#, "[".repeat(100_000));
            assert!(read(&text).is_err(), "{hidden}");
        }
        assert_eq!(read(r#"{"id": "a/'[", "at": Infinity}"#).unwrap().id, "a/'[");
    }

    #[test]
    fn keys_are_never_cut_within_a_character() {
        type Flags = std::collections::BTreeMap<bool, u8>;
        let error = from_slice::<Flags>("{\"\u{ae}\u{fffc}\": 1}".as_bytes()).unwrap_err();
        assert!(!error.to_string().is_empty());
        assert_eq!(from_slice::<Flags>(b"{\"true\": 1}").unwrap(), Flags::from([(true, 1)]));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(read(r#"{"id": "a"}"#).unwrap_err().contains("missing field `at`"));
        assert!(read(r#"{"id": 5, "at": 1}"#).unwrap_err().contains("expected a string"));
        assert_eq!(read("[]").unwrap_err(), "it is not a JSON object");
        assert_eq!(read(r#"["a", 1.0, null]"#).unwrap_err(), "it is not a JSON object");
        assert_eq!(from_slice::<(u8, u8)>(b"[1, 2]").unwrap(), (1, 2));
        assert_eq!(read("").unwrap_err(), "it is empty");
        assert_eq!(read("NaN").unwrap_err(), "it is not a JSON object");
        assert!(read("{NaN").unwrap_err().contains("key must be a string"));
        let pickle = from_slice::<Meta>(b"\x80\x04\x95").unwrap_err().to_string();
        assert!(pickle.contains("pickle"), "{pickle}");
        let latin = from_slice::<Meta>(b"{\"id\": \"\xe9\"}").unwrap_err().to_string();
        assert_eq!(latin, "it is not UTF-8 at byte 8");
    }
}
