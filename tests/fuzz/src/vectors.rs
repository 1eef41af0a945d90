//! A spread of the literals that the official Python SDK made (`tests/data/type_vectors.jsonl`).
//! The msgpack campaign adds them to its corpus; the interop tests read all of them and compare.

use std::collections::HashMap;

use serde_json::Value;

use crate::corpus::Entry;

const VECTORS: &str = include_str!("../../data/type_vectors.jsonl");

/// How many of each type.
const OF_EACH: usize = 2;

/// Literals of every type in the file.
///
/// # Panics
/// The file is not what the script beside it writes.
#[must_use]
pub fn literals() -> Vec<Entry> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut entries = Vec::new();
    for line in VECTORS.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let kind = line["type"].as_str().expect("every line names its type");
        // Some lines hold the declared type and no literal.
        let Some(literal) = line["literal"].as_str() else { continue };
        let count = taken.entry(kind.to_owned()).or_default();
        if *count < OF_EACH {
            let name = format!("vector-{kind}-{count}");
            *count += 1;
            entries.push(Entry { name, bytes: from_base64(literal) });
        }
    }
    entries
}

fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter(|byte| *byte != b'=');
    let bits: Vec<u8> = digits
        .map(|byte| DIGITS.iter().position(|digit| *digit == byte).expect("a digit of base64"))
        .flat_map(|digit| (0..6).rev().map(move |place| u8::from(digit >> place & 1 == 1)))
        .collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

#[cfg(test)]
mod tests {
    use super::{from_base64, literals};

    #[test]
    fn base64_of_every_length() {
        for (text, bytes) in [("", &b""[..]), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9v", b"foo")] {
            assert_eq!(from_base64(text), bytes);
        }
        assert_eq!(from_base64("+/8A"), b"\xfb\xff\x00");
    }

    #[test]
    fn every_type_is_there() {
        let entries = literals();
        assert!(entries.len() > 100, "{} vectors", entries.len());
        assert!(entries.iter().any(|entry| entry.name == "vector-point_model-1"));
    }
}
