//! A key in the characters and the length that an outside system takes.
//! Authors call these on the key; each spelling is as stable as the key itself.
//! How a key comes about is in the parent module.

use std::error::Error;
use std::fmt;

use super::IdempotencyKey;

/// Base 32 of RFC 4648 in lower case: in one case only, so that a system that folds case cannot
/// merge two keys.
const BASE32: [char; 32] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's',
    't', 'u', 'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7',
];

/// Which characters an outside system takes; all are in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Charset {
    /// Digits and the letters `a` to `f`: 24 to 64 characters.
    Hex,
    /// Digits and letters: 20 to 52 characters.
    LowerAlphanumeric,
    /// Digits and letters, the first of them a letter, which is a legal DNS label: 21 to 53
    /// characters.
    DnsLabel,
}

impl Charset {
    /// The least length at which a key stays unique: 96 bits or more, so that even among a billion
    /// attempts the odds of two equal keys are one in a hundred billion.
    #[must_use]
    pub const fn min_len(self) -> usize {
        match self {
            Self::Hex => 24,
            Self::LowerAlphanumeric => 20,
            Self::DnsLabel => 21,
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hex => "hexadecimal digits",
            Self::LowerAlphanumeric => "lower-case letters and digits",
            Self::DnsLabel => "a DNS label",
        })
    }
}

/// A key that short would not be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooShort {
    charset: Charset,
    max_len: usize,
}

impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { charset, max_len } = self;
        let minimum = charset.min_len();
        write!(
            f,
            "an idempotency key in {charset} needs at least {minimum} characters to stay unique, \
             not {max_len}"
        )
    }
}

impl Error for TooShort {}

impl IdempotencyKey {
    /// The key in the characters of `charset`, cut to `max_len` of them.
    ///
    /// ```
    /// # use connector_core::prelude::*;
    /// # use connector_core::idempotency::ExecutionIdentity;
    /// # let identity = ExecutionIdentity {
    /// #     org: "", project: "films", domain: "production", name: "r7k", node_id: "a0", attempt: 0,
    /// # };
    /// # let key = IdempotencyKey::of_identity(&identity);
    /// assert_eq!(key.limited(Charset::LowerAlphanumeric, 20).unwrap(), "strzfyhxtsxxir4i7cxb");
    /// assert_eq!(
    ///     key.limited(Charset::Hex, 8).unwrap_err().to_string(),
    ///     "an idempotency key in hexadecimal digits needs at least 24 characters to stay unique, not 8"
    /// );
    /// ```
    ///
    /// # Errors
    /// [`TooShort`] if `max_len` is under [`Charset::min_len`].
    pub fn limited(&self, charset: Charset, max_len: usize) -> Result<String, TooShort> {
        if max_len < charset.min_len() {
            return Err(TooShort { charset, max_len });
        }
        let mut text = match charset {
            Charset::Hex => self.as_str().to_owned(),
            Charset::LowerAlphanumeric => self.base32(),
            Charset::DnsLabel => self.dns_label(),
        };
        // All of it is ASCII.
        text.truncate(max_len);
        Ok(text)
    }

    /// The key as a DNS label, for Kubernetes objects and the like: a letter, then letters and
    /// digits, 53 characters.
    #[must_use]
    pub fn dns_label(&self) -> String {
        let mut label = self.base32();
        label.insert(0, 'k');
        label
    }

    /// The key as a `BigQuery` job id: 64 characters of the letters, digits, `_` and `-` it takes.
    #[must_use]
    pub fn bigquery_job_id(&self) -> &str {
        self.as_str()
    }

    /// Like [`IdempotencyKey::bigquery_job_id`] with a readable `prefix`, such as `flyte-run7_`.
    ///
    /// Characters of the prefix that a job id cannot hold become `_`, and a prefix that makes it
    /// longer than 1024 characters is cut.
    #[must_use]
    pub fn bigquery_job_id_with_prefix(&self, prefix: &str) -> String {
        const LONGEST: usize = 1024;
        let room = LONGEST.saturating_sub(self.as_str().len());
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let mut id: String =
            prefix.chars().take(room).map(|c| if legal(c) { c } else { '_' }).collect();
        id.push_str(self.as_str());
        id
    }

    /// The key as an idempotency token of Databricks, which takes at most 64 characters.
    #[must_use]
    pub fn databricks_token(&self) -> &str {
        self.as_str()
    }

    /// The key as a UUID (version 8, RFC 9562), for systems whose request ids are UUIDs.
    #[must_use]
    pub fn uuid(&self) -> String {
        let head =
            self.digest.iter().take(16).fold(0, |head, byte| (head << 8) | u128::from(*byte));
        // Four bits name the version and two the variant; the other 122 are the key's.
        let bits = head & !(0xf << 76) | (0x8 << 76);
        let bits = bits & !(0b11 << 62) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xffff,
            (bits >> 48) & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }

    // Five bits a character, the highest first; the last character holds one bit.
    fn base32(&self) -> String {
        let mut text = String::with_capacity(52);
        let (mut pending, mut bits) = (0_usize, 0_u32);
        for byte in self.digest {
            pending = (pending << 8) | usize::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.extend(BASE32.get((pending >> bits) & 31));
            }
            pending &= (1 << bits) - 1;
        }
        if bits > 0 {
            text.extend(BASE32.get((pending << (5 - bits)) & 31));
        }
        text
    }
}
