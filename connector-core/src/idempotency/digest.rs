//! Names made of fields: what keys of attempts are, and what a store calls an attempt.

use sha2::{Digest as _, Sha256};

/// SHA-256 over every field with its length in front (8 bytes, the highest first), so that no two lists of
/// fields read the same.
pub fn digest(fields: impl IntoIterator<Item: AsRef<[u8]>>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in fields {
        let field = field.as_ref();
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

/// The digits of a digest, in lower case.
pub fn hex(digest: &[u8; 32]) -> String {
    let mut hex = String::with_capacity(2 * digest.len());
    for byte in digest {
        for digit in [byte >> 4, byte & 0xf] {
            hex.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) }));
        }
    }
    hex
}
