//! What every answer of Snowflake's session protocol is wrapped in.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// An answer: whether it is a yes, its code, a text, and the data.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) success: bool,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) data: Value,
}

impl Envelope {
    /// Reads one out of JSON. What is missing or of another type is empty.
    pub(crate) fn read(body: &Value) -> Self {
        let text = |name: &str| match body.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        Self {
            success: body.get("success").and_then(Value::as_bool).unwrap_or(false),
            code: text("code"),
            message: text("message"),
            data: body.get("data").cloned().unwrap_or_default(),
        }
    }

    /// The refusal, for people.
    pub(crate) fn told(&self) -> String {
        told(&self.code, &self.message)
    }
}

/// `code: message`, as Snowflake's clients write it: numbers have six digits.
pub(crate) fn told(code: &str, message: &str) -> String {
    let code = match code.parse::<u32>() {
        Ok(number) => format!("{number:06}"),
        Err(_) => code.to_owned(),
    };
    match (code.as_str(), message.trim()) {
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(&Value::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Envelope, told};

    #[test]
    fn what_is_missing_is_empty() {
        let envelope = Envelope::read(&json!({"success": true, "code": null, "data": {"a": 1}}));
        assert!(envelope.success && envelope.code.is_empty());
        assert_eq!(envelope.data["a"], 1);
        for none in [json!(null), json!([]), json!({"success": "yes"})] {
            assert!(!Envelope::read(&none).success, "{none}");
        }
    }

    #[test]
    fn a_refusal_is_code_and_text() {
        assert_eq!(told("000604", "SQL execution canceled"), "000604: SQL execution canceled");
        assert_eq!(told("604", " x "), "000604: x");
        assert_eq!(told("", "x"), "x");
        assert_eq!(told("XX000", ""), "XX000");
        assert_eq!(told("", ""), "");
    }
}
