//! What this project makes of resource metadata, against what the official SDK makes of the same values.
//! Reads the committed vectors, so it needs no Python; `vectors.rs` keeps them honest.

use std::fmt;

use connector_core::ResourceMeta;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess};
use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../data/resource_meta.jsonl");

/// A value of which the vectors are made.
#[derive(Debug, Clone)]
enum Node {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn read(value: &Value) -> Self {
        let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
        match (kind.as_str(), value) {
            ("none", _) => Self::None,
            ("bool", Value::Bool(value)) => Self::Bool(*value),
            ("int", Value::String(digits)) => Self::Int(digits.parse().unwrap()),
            ("float", Value::String(bits)) => {
                Self::Float(f64::from_bits(u64::from_str_radix(bits, 16).unwrap()))
            }
            ("str", Value::String(text)) => Self::Str(text.clone()),
            ("list", Value::Array(items)) => Self::List(items.iter().map(Self::read).collect()),
            ("object", Value::Array(pairs)) => {
                let key = |pair: &Value| pair[0].as_str().unwrap().to_owned();
                Self::Object(pairs.iter().map(|pair| (key(pair), Self::read(&pair[1]))).collect())
            }
            _ => panic!("unknown node {kind:?}: {value}"),
        }
    }

    /// Whether the two are the same value, as far as JSON can tell.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => {
                a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
            }
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.same(&b.1))
            }
            _ => false,
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(*value),
            },
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> de::Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Str(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = entries.next_entry()? {
            pairs.push(pair);
        }
        Ok(Node::Object(pairs))
    }
}

/// A node whose outermost object is written as connectors write theirs: as a struct.
#[derive(Debug)]
struct Struct(Node);

impl Serialize for Struct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Node::Object(pairs) = &self.0 else {
            return self.0.serialize(serializer);
        };
        let mut fields = serializer.serialize_struct("Meta", pairs.len())?;
        for (key, value) in pairs {
            // Names of fields live as long as the program; so do those of a test.
            fields.serialize_field(String::leak(key.clone()), value)?;
        }
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Struct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Node::deserialize(deserializer).map(Self)
    }
}

/// Each value of the file with the text that the official SDK makes of it.
fn vectors() -> Vec<(Node, String)> {
    let vectors: Vec<_> = VECTORS
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            (Node::read(&line["value"]), decode_base64(line["text"].as_str().unwrap()))
        })
        .collect();
    assert!(vectors.len() >= 200);
    vectors
}

fn decode_base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).unwrap();
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0, 0);
    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | digit(byte);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
        bits &= 0xff;
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn encoding_equals_the_official_one_byte_for_byte() {
    for (node, text) in vectors() {
        let as_map = node.clone().encode().unwrap();
        assert_eq!(std::str::from_utf8(&as_map).unwrap(), text);
        let as_struct = Struct(node).encode().unwrap();
        assert_eq!(std::str::from_utf8(&as_struct).unwrap(), text);
    }
}

#[test]
fn decoding_gives_back_what_the_official_sdk_encoded() {
    for (node, text) in vectors() {
        let decoded =
            Node::decode(text.clone().into()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(decoded.same(&node), "{text}: {decoded:?} is not {node:?}");
    }
}
