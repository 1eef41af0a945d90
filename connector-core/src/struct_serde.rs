//! A protobuf object as serde reads it: whole numbers as integers, and digits where an integer is wanted.
//! `dynamic` reads settings into authors' types with it; typed settings have readers of their own.

use prost_types::{Struct, Value, value::Kind};
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use crate::typed::exact_whole;

/// Reads an object.
///
/// # Errors
/// What does not fit.
pub(crate) fn from_struct<T: DeserializeOwned>(object: &Struct) -> Result<T, Error> {
    T::deserialize(MapDeserializer::new(fields(object)))
}

fn fields(object: &Struct) -> impl Iterator<Item = (&str, Part<'_>)> {
    object.fields.iter().map(|(key, value)| (key.as_str(), Part::of(value)))
}

/// A value of the object; nothing is null.
#[derive(Clone, Copy)]
struct Part<'a>(Option<&'a Kind>);

impl<'a> Part<'a> {
    const fn of(value: &'a Value) -> Self {
        Self(value.kind.as_ref())
    }

    /// The digits of a whole number, which is how one beyond 2^53 is written.
    fn digits(self) -> Option<i128> {
        let Some(Kind::StringValue(text)) = self.0 else { return None };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten()
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error>
    where
        'a: 'de,
    {
        if let Some(Kind::NumberValue(number)) = self.0
            && number.fract() == 0.0
            && exact_whole(*number).is_none()
        {
            return Err(Error::custom(format!(
                "a float cannot say which integer is meant from 2^53 (9007199254740992) on, and \
                 found is {number:?}; give the digits as text"
            )));
        }
        match self.digits() {
            Some(digits) => match (i64::try_from(digits), u64::try_from(digits)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (Err(_), Ok(number)) => visitor.visit_u64(number),
                _ => Err(Error::custom(format!("{digits} has more than 64 bits"))),
            },
            None => self.deserialize_any(visitor),
        }
    }
}

macro_rules! integers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.integer(visitor)
        })+
    };
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            None | Some(Kind::NullValue(_)) => visitor.visit_unit(),
            Some(Kind::BoolValue(value)) => visitor.visit_bool(*value),
            Some(Kind::StringValue(text)) => visitor.visit_borrowed_str(text),
            Some(Kind::NumberValue(number)) => match exact_whole(*number) {
                Some(whole) => visitor.visit_i64(whole),
                None => visitor.visit_f64(*number),
            },
            Some(Kind::ListValue(list)) => {
                visitor.visit_seq(SeqDeserializer::new(list.values.iter().map(Part::of)))
            }
            Some(Kind::StructValue(object)) => {
                visitor.visit_map(MapDeserializer::new(fields(object)))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            None | Some(Kind::NullValue(_)) => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Some(Kind::StringValue(text)) => visitor.visit_enum(text.as_str().into_deserializer()),
            Some(Kind::StructValue(object)) => {
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(fields(object))))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Part<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::from_struct;
    use crate::custom_info::json_to_struct;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Fast,
        Scaled(u64),
        Named { name: String },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Id(i64);

    #[derive(Debug, Deserialize, PartialEq)]
    struct Settings {
        id: Id,
        most: u64,
        all: Vec<i64>,
        by_name: BTreeMap<String, u8>,
        ratio: f64,
        label: Option<String>,
        none: Option<i64>,
        modes: Vec<Mode>,
        pair: (i32, bool),
        free: serde_json::Value,
    }

    #[test]
    fn settings_are_read_into_types() {
        // What is beyond 2^53 becomes digits on the way into the object.
        let object = json_to_struct(json!({
            "id": -9_007_199_254_740_993_i64,
            "most": u64::MAX,
            "all": [1, 9_007_199_254_740_992_i64],
            "by_name": {"a": 1},
            "ratio": 2.0,
            "label": "9007199254740993",
            "none": null,
            "modes": ["fast", {"scaled": 3}, {"named": {"name": "x"}}],
            "pair": [1, true],
            "free": {"n": 24, "x": 0.5},
            "unknown": 1,
        }));
        let read: Settings = from_struct(&object.unwrap()).unwrap();
        let expected = Settings {
            id: Id(-9_007_199_254_740_993),
            most: u64::MAX,
            all: vec![1, 9_007_199_254_740_992],
            by_name: [("a".to_owned(), 1)].into(),
            ratio: 2.0,
            label: Some("9007199254740993".to_owned()),
            none: None,
            modes: vec![Mode::Fast, Mode::Scaled(3), Mode::Named { name: "x".to_owned() }],
            pair: (1, true),
            free: json!({"n": 24, "x": 0.5}),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_number_that_may_be_two_is_refused() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "read to be refused")]
        struct One {
            n: u64,
        }
        let read = |number: f64| {
            let value = prost_types::Value { kind: Some(super::Kind::NumberValue(number)) };
            from_struct::<One>(&super::Struct { fields: [("n".to_owned(), value)].into() })
        };
        assert!(read(9_007_199_254_740_991.0).is_ok());
        for number in [9_007_199_254_740_992.0, 1e300] {
            let refused = read(number).unwrap_err().to_string();
            assert!(refused.contains("2^53 (9007199254740992)"), "{refused}");
        }
        assert!(read(0.5).unwrap_err().to_string().contains("expected u64"));
        let text = json_to_struct(json!({"n": "1.0"})).unwrap();
        assert!(from_struct::<One>(&text).is_err());
    }
}
