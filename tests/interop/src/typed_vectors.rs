//! Reads the vectors of the official type engine and holds the typed layer against them.
//! `tests/type_vectors` gives every case its Rust type and calls [`Case::check`].
//! Which bytes and values are right stands in `tests/data/type_vectors.jsonl`; nothing is known here.

use std::collections::BTreeMap;

use connector_core::FlyteType;
use connector_core::pb::{self, literal, literal_type, scalar};
use prost::Message as _;
use serde_json::Value;

use crate::told::Told;
use crate::{HarnessError, Result};

const COMMITTED: &str = include_str!("../../data/type_vectors.jsonl");

/// One Python type and the values of it.
#[derive(Debug)]
pub struct Case {
    name: String,
    declared: pb::LiteralType,
    vectors: Vec<Vector>,
}

/// One value: what the official type engine made of it, and what its own reader reads.
#[derive(Debug)]
pub struct Vector {
    literal: pb::Literal,
    bytes: Vec<u8>,
    value: Value,
    canonical: bool,
    schema: bool,
}

impl Vector {
    /// The literal.
    #[must_use]
    pub fn literal(&self) -> &pb::Literal {
        &self.literal
    }

    /// The value, told as `typed_nodes.py` tells it.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether a writer has no choice: the same value makes the same bytes.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.canonical && !self.schema
    }

    fn read(line: &Value) -> Result<Self> {
        let bytes = decode_base64(&line["literal"])?;
        let literal = pb::Literal::decode(bytes.as_slice())
            .map_err(|error| HarnessError::from_cause("this is no literal", error))?;
        let flag = |name: &str| line[name].as_bool().unwrap_or_default();
        let value = line["value"].clone();
        Ok(Self { literal, bytes, value, canonical: flag("canonical"), schema: flag("schema") })
    }

    /// Reads and writes the value; the complaint says which step went wrong.
    fn check<T: FlyteType + Told>(&self) -> std::result::Result<(), String> {
        let read = |literal: &pb::Literal| {
            let read = T::from_literal(literal).map_err(|problem| problem.to_string())?;
            let told = read.told();
            if told == self.value { Ok(read) } else { Err(format!("read as {told}")) }
        };
        let value = read(&self.literal)?;
        let written = value.into_literal().map_err(|problem| format!("not written: {problem}"))?;
        if self.canonical {
            let same = if self.schema {
                without_schemas(written.clone()) == without_schemas(self.literal.clone())
            } else {
                written.encode_to_vec() == self.bytes
            };
            if !same {
                return Err(format!("written as {written:?}, not as {:?}", self.literal));
            }
        }
        read(&written).map(drop).map_err(|problem| format!("after writing: {problem}"))
    }
}

impl Case {
    /// Every case of the committed file, by name.
    ///
    /// # Errors
    /// A line that is no vector.
    pub fn committed() -> Result<BTreeMap<String, Self>> {
        let mut cases = BTreeMap::new();
        for line in COMMITTED.lines() {
            let line: Value = serde_json::from_str(line)
                .map_err(|error| HarnessError::from_cause("a line is no JSON", error))?;
            let name = line["type"].as_str().unwrap_or_default().to_owned();
            if line.get("literal_type").is_some() {
                let bytes = decode_base64(&line["literal_type"])?;
                let declared = pb::LiteralType::decode(bytes.as_slice())
                    .map_err(|error| HarnessError::from_cause("this is no type", error))?;
                cases.insert(name.clone(), Self { name, declared, vectors: Vec::new() });
            } else {
                let case = cases.get_mut(&name).ok_or_else(|| {
                    HarnessError::new(format!("a value of {name:?} comes before its type"))
                })?;
                case.vectors.push(Vector::read(&line)?);
            }
        }
        Ok(cases)
    }

    /// The values.
    #[must_use]
    pub fn vectors(&self) -> &[Vector] {
        &self.vectors
    }

    /// Holds `T` against the case: its declared type, and every value in both directions.
    #[must_use]
    pub fn check<T: FlyteType + Told>(&self) -> Vec<String> {
        let declared = without_schema(T::literal_type());
        let expected = without_schema(self.declared.clone());
        let mistyped = (declared != expected)
            .then(|| format!("{}: declared as {declared:?}, not as {expected:?}", self.name));
        let wrong = self.vectors.iter().filter_map(|vector| {
            let problem = vector.check::<T>().err()?;
            Some(format!("{}, {}: {problem}", self.name, vector.value))
        });
        mistyped.into_iter().chain(wrong).collect()
    }

    /// Sees to it that `T` reads none of the values, and says why with that word.
    #[must_use]
    pub fn refuses<T: FlyteType + std::fmt::Debug>(&self, word: &str) -> Vec<String> {
        let complaint = |vector: &Vector| match T::from_literal(&vector.literal) {
            Ok(read) => Some(format!("{} is read as {read:?}", self.name)),
            Err(problem) if problem.to_string().contains(word) => None,
            Err(problem) => Some(format!("{} does not say {word:?}: {problem}", self.name)),
        };
        self.vectors.iter().filter_map(complaint).collect()
    }
}

/// The type without the JSON schemas of classes: only people read those, and each language has its own.
fn without_schema(mut declared: pb::LiteralType) -> pb::LiteralType {
    const CLASSES: [&str; 5] = [
        "Object-Dataclass-Transformer",
        "Pydantic Transformer",
        "NamedTuple",
        "TypedDict",
        "Typed Tuple",
    ];
    let tag = declared.structure.as_ref().map(|structure| structure.tag.as_str());
    if tag.is_some_and(|tag| CLASSES.contains(&tag)) {
        declared.metadata = None;
    }
    declared.r#type = declared.r#type.map(|kind| match kind {
        literal_type::Type::CollectionType(item) => {
            literal_type::Type::CollectionType(Box::new(without_schema(*item)))
        }
        literal_type::Type::MapValueType(value) => {
            literal_type::Type::MapValueType(Box::new(without_schema(*value)))
        }
        literal_type::Type::UnionType(union) => {
            let variants = union.variants.into_iter().map(without_schema).collect();
            literal_type::Type::UnionType(pb::UnionType { variants })
        }
        other => other,
    });
    declared
}

/// The literal, where it says the types of values in unions, without the schemas in them.
fn without_schemas(mut literal: pb::Literal) -> pb::Literal {
    match &mut literal.value {
        Some(literal::Value::Collection(list)) => {
            let items = std::mem::take(&mut list.literals);
            list.literals = items.into_iter().map(without_schemas).collect();
        }
        Some(literal::Value::Scalar(scalar)) => {
            if let Some(scalar::Value::Union(union)) = &mut scalar.value {
                union.r#type = union.r#type.take().map(without_schema);
            }
        }
        Some(literal::Value::Map(_) | literal::Value::OffloadedMetadata(_)) | None => {}
    }
    literal
}

fn decode_base64(text: &Value) -> Result<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let no_base64 = || HarnessError::new(format!("this is no base64: {text}"));
    let text = text.as_str().ok_or_else(no_base64)?.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == byte).ok_or_else(no_base64)?;
        bits = bits << 6 | u32::try_from(digit).map_err(|_| no_base64())?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).map_err(|_| no_base64())?);
        }
        bits &= 0xff;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use connector_core::{literal, pb};
    use prost::Message as _;
    use serde_json::{Value, json};

    use super::{Vector, decode_base64};

    fn vector(literal: pb::Literal, value: Value) -> Vector {
        let bytes = literal.encode_to_vec();
        Vector { literal, bytes, value, canonical: true, schema: false }
    }

    #[test]
    fn base64_of_every_length() {
        for (text, bytes) in
            [("", &b""[..]), ("AA==", b"\0"), ("AP8=", b"\0\xff"), ("aGkh", b"hi!")]
        {
            assert_eq!(decode_base64(&json!(text)).unwrap(), bytes);
        }
        assert!(decode_base64(&json!("a b")).is_err());
        assert!(decode_base64(&json!(7)).is_err());
    }

    /// A check that cannot fail would prove nothing.
    #[test]
    fn a_wrong_vector_is_complained_of() {
        let five = json!({"int": "5"});
        assert_eq!(vector(literal::integer(5), five.clone()).check::<i64>(), Ok(()));
        let read_as = vector(literal::integer(6), five.clone()).check::<i64>();
        assert_eq!(read_as, Err("read as {\"int\":\"6\"}".to_owned()));
        assert!(vector(literal::boolean(true), five.clone()).check::<i64>().is_err());
        let other_bytes = vector(literal::float(5.0), five.clone());
        assert!(other_bytes.check::<i64>().unwrap_err().starts_with("written as"));
        let value_only = Vector { canonical: false, ..vector(literal::float(5.0), five) };
        assert_eq!(value_only.check::<i64>(), Ok(()));
    }
}
