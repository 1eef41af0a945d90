//! Why a secret cannot be serialised, in words, and how one is read.
//! serde's derives ask; what Flyte stores as resource metadata is where it matters.
//! Nothing here may ever write a secret's text.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Secret;

/// What may be stored in Flyte's state. No secret is, and nobody else can say that one is.
#[diagnostic::on_unimplemented(
    message = "a `Secret` cannot be part of what is serialised",
    label = "holds a `Secret`, which Flyte would store as plain text",
    note = "resource metadata is stored and shown: leave the secret out, and take it from `cx.connection` in the calls that need it"
)]
pub trait Storable {}

/// Never there: the bound does not hold. It is here to say why, where serde would offer a derive.
#[doc(hidden)]
impl Serialize for Secret
where
    // A bound with a lifetime of its own is judged where it is used, not here.
    for<'a> &'a Self: Storable,
{
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a secret is not serialised"))
    }
}

/// A text, such as the token that an outside system gives out.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own error would show a value that is no text.
        let text = String::deserialize(deserializer);
        text.map(Self::new).map_err(|_| D::Error::custom("a secret must be a text"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Secret;

    #[test]
    fn is_read_from_text_and_from_nothing_else() {
        let secret: Secret = serde_json::from_str(r#""hunter2""#).unwrap();
        assert_eq!(secret, Secret::new("hunter2"));
        for text in ["20071991", "[20071991]", "null"] {
            let error = serde_json::from_str::<Secret>(text).unwrap_err().to_string();
            assert!(error.starts_with("a secret must be a text"), "{error}");
            assert!(!error.contains("2007"), "{error}");
        }
    }
}
