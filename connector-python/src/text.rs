//! Pieces of Python text: docstrings, strings and default values.
//! Whatever an author wrote in Rust is escaped here, and only here.

use std::fmt::Write as _;

use connector_core::typed::{Shape, TypeDescription};
use serde_json::Value as Json;

/// The longest line of generated modules, which is that of ruff.
pub(crate) const WIDTH: usize = 88;

/// A docstring, indented; nothing for no text.
pub(crate) fn docstring(indent: &str, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    let mut safe = text.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    if safe.ends_with('"') {
        safe.insert(safe.len() - 1, '\\');
    }
    let mut lines = safe.lines();
    let mut out = format!("{indent}\"\"\"{}", lines.next().unwrap_or_default().trim_end());
    let mut several = false;
    for line in lines {
        several = true;
        let line = line.trim_end();
        out.push('\n');
        if !line.is_empty() {
            out.push_str(indent);
            out.push_str(line);
        }
    }
    if several {
        out.push('\n');
        out.push_str(indent);
    }
    out.push_str("\"\"\"\n");
    out
}

/// A string of Python. JSON's escapes are Python's, too.
pub(crate) fn string(text: &str) -> String {
    Json::from(text).to_string()
}

/// A value as a Python expression, if a reader of the module would understand it at a glance.
pub(crate) fn expression(value: &Json, kind: &TypeDescription) -> Option<String> {
    Some(match (&kind.shape, value) {
        (Shape::Optional(_), Json::Null) => "None".to_owned(),
        (Shape::Optional(inner), value) => expression(value, inner)?,
        (Shape::List(item), Json::Array(values)) => {
            let values: Option<Vec<String>> =
                values.iter().map(|value| expression(value, item)).collect();
            format!("[{}]", values?.join(", "))
        }
        (Shape::Map(key, item), Json::Object(entries)) if key.name == "str" => {
            let mut out = String::from("{");
            for (at, (key, value)) in entries.iter().enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                write!(out, "{comma}{}: {}", string(key), expression(value, item)?).ok()?;
            }
            out + "}"
        }
        (Shape::Enumeration { members, .. }, Json::String(name)) => {
            members.iter().find(|(member, _)| member == name)?;
            format!("{}.{name}", kind.name)
        }
        (Shape::Plain, value) => match (kind.name.as_str(), value) {
            ("int", Json::Number(number)) if !number.is_f64() => number.to_string(),
            ("float", Json::Number(number)) => format!("{:?}", number.as_f64()?),
            ("bool", Json::Bool(true)) => "True".to_owned(),
            ("bool", Json::Bool(false)) => "False".to_owned(),
            ("str", Json::String(text)) => string(text),
            _ => return None,
        },
        _ => return None,
    })
}

/// A default of a dataclass's field: what can change must be made anew for each object.
pub(crate) fn field_default(expression: &str) -> String {
    match expression {
        "[]" => "dataclasses.field(default_factory=list)".to_owned(),
        "{}" => "dataclasses.field(default_factory=dict)".to_owned(),
        other if other.starts_with(['[', '{']) => {
            format!("dataclasses.field(default_factory=lambda: {other})")
        }
        other => other.to_owned(),
    }
}

/// The call behind a field's annotation, over several lines where one is too short.
pub(crate) fn fitted(before: usize, value: &str) -> String {
    if before + value.chars().count() <= WIDTH {
        return value.to_owned();
    }
    match value.split_once('(').zip(value.rsplit_once(')')) {
        Some(((call, _), (inner, ""))) => {
            let inner = inner.get(call.len() + 1..).unwrap_or_default();
            format!("{call}(\n        {inner}\n    )")
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_core::typed::FlyteType;
    use serde_json::{Value as Json, json};

    use super::{docstring, expression, string};

    #[test]
    fn nothing_an_author_writes_ends_a_docstring() {
        assert_eq!(docstring("    ", ""), "");
        assert_eq!(docstring("    ", "Frames.\n"), "    \"\"\"Frames.\"\"\"\n");
        assert_eq!(docstring("", "A \"\"\" and \\n"), "\"\"\"A \\\"\\\"\\\" and \\\\n\"\"\"\n");
        assert_eq!(docstring("", "Say \"x\""), "\"\"\"Say \"x\\\"\"\"\"\n");
        assert_eq!(docstring("  ", "A\n\nB"), "  \"\"\"A\n\n  B\n  \"\"\"\n");
        assert_eq!(string("a\"\\\n"), "\"a\\\"\\\\\\n\"");
    }

    fn told<T: FlyteType>(value: &Json) -> Option<String> {
        expression(value, &T::describe())
    }

    #[test]
    fn defaults_are_told_where_python_has_a_plain_word() {
        assert_eq!(told::<i64>(&json!(24)).unwrap(), "24");
        assert_eq!(told::<f64>(&json!(24)).unwrap(), "24.0");
        assert_eq!(told::<Option<bool>>(&json!(true)).unwrap(), "True");
        assert_eq!(told::<Option<bool>>(&Json::Null).unwrap(), "None");
        assert_eq!(told::<Vec<String>>(&json!(["a"])).unwrap(), "[\"a\"]");
        let map = told::<BTreeMap<String, i64>>(&json!({"a": 1, "b": 2}));
        assert_eq!(map.unwrap(), "{\"a\": 1, \"b\": 2}");
        assert_eq!(told::<i64>(&json!("x")), None);
    }
}
