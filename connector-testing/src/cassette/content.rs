//! What a request or an answer carries: JSON, text or bytes, in the form that is best to read.
//! `file` writes it, `comparison` compares it, `server` turns it into bytes again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Number, Value};

/// The body of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Content {
    #[default]
    Empty,
    Json(Value),
    Text(String),
    Binary(Bytes),
}

impl Content {
    /// Objects and lists are JSON; everything else stays letter for letter what it was.
    pub(super) fn of(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        match serde_json::from_slice(&bytes) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) if is_exact(&value) => {
                return Self::Json(value);
            }
            _ => {}
        }
        match String::from_utf8(bytes.into()) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Binary(error.into_bytes().into()),
        }
    }

    /// The bytes to send.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Json(value) => value.to_string().into(),
            Self::Text(text) => text.into(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// What it is if no header says so.
    pub(super) const fn usual_type(&self) -> Option<&'static str> {
        match self {
            Self::Json(_) => Some("application/json"),
            Self::Text(_) => Some("text/plain; charset=utf-8"),
            Self::Empty | Self::Binary(_) => None,
        }
    }

    /// The same with every text changed.
    pub(super) fn map(self, change: &impl Fn(&str) -> String) -> Self {
        match self {
            Self::Json(value) => Self::Json(map_json(value, change)),
            Self::Text(text) => Self::Text(change(&text)),
            same @ (Self::Empty | Self::Binary(_)) => same,
        }
    }
}

fn map_json(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(&text)),
        Value::Array(items) => items.into_iter().map(|item| map_json(item, change)).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| (change(&name), map_json(value, change));
            Value::Object(fields.into_iter().map(field).collect())
        }
        same @ (Value::Null | Value::Bool(_) | Value::Number(_)) => same,
    }
}

/// Whether every number survives reading and writing: whole ones beyond 64 bits do not.
fn is_exact(value: &Value) -> bool {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    let number = |number: &Number| {
        number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.abs() < WHOLE)
    };
    match value {
        Value::Number(found) => number(found),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(fields) => fields.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// A content as the file has it: one of three fields, or none.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) json: Option<Value>,
    pub(super) text: Option<String>,
    pub(super) base64: Option<String>,
}

impl From<Content> for Fields {
    fn from(content: Content) -> Self {
        match content {
            Content::Empty => Self::default(),
            Content::Json(value) => Self { json: Some(value), ..Self::default() },
            Content::Text(text) => Self { text: Some(text), ..Self::default() },
            Content::Binary(bytes) => {
                Self { base64: Some(STANDARD.encode(bytes)), ..Self::default() }
            }
        }
    }
}

impl TryFrom<Fields> for Content {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        match fields {
            Fields { json: None, text: None, base64: None } => Ok(Self::Empty),
            Fields { json: Some(value), text: None, base64: None } => Ok(Self::Json(value)),
            Fields { json: None, text: Some(text), base64: None } => Ok(Self::Text(text)),
            Fields { json: None, text: None, base64: Some(coded) } => {
                let bytes = STANDARD.decode(coded);
                let bytes = bytes.map_err(|error| format!("`base64` cannot be read: {error}"))?;
                Ok(Self::Binary(bytes.into()))
            }
            _ => Err("a body is `json`, `text` or `base64`, and only one of them".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Fields};

    #[test]
    fn what_is_written_is_read_again() {
        let bodies: [&[u8]; 6] = [
            b"",
            br#"{"a":[1,2.5,"x"],"b":null}"#,
            b"plain \xc3\xa9",
            b"\xff\x00",
            b"17",
            br#"{"id":123456789012345678901234567890}"#,
        ];
        for bytes in bodies {
            let content = Content::of(bytes.into());
            let fields = Fields::from(content.clone());
            assert_eq!(Content::try_from(fields).unwrap(), content);
            assert_eq!(content.into_bytes(), bytes);
        }
    }
}
