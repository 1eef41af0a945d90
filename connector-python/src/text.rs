//! Pieces of Python text: docstrings, strings and default values.
//! Whatever an author wrote in Rust is escaped here, and only here.

use serde_json::Value as Json;

/// The longest line of generated modules, which is that of ruff.
pub(crate) const WIDTH: usize = 88;

/// A docstring, indented; nothing for no text.
pub(crate) fn docstring(indent: &str, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    // Python reads no text with other control characters in it.
    let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
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

/// What stands behind the annotation of a dataclass's field.
pub(crate) fn assigned(default: Option<&str>, metadata: &str) -> String {
    match (default, metadata) {
        (None, "") => String::new(),
        (None, metadata) => format!(" = dataclasses.field(metadata={{{metadata}}})"),
        (Some(default), "") => format!(" = {}", field_default(default)),
        (Some(default), metadata) => {
            let whole = field_default(default);
            let inner = whole
                .strip_prefix("dataclasses.field(")
                .and_then(|rest| rest.strip_suffix(')'))
                .map_or_else(|| format!("default={default}"), str::to_owned);
            format!(" = dataclasses.field({inner}, metadata={{{metadata}}})")
        }
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
    use super::{assigned, docstring, string};

    #[test]
    fn nothing_an_author_writes_ends_a_docstring() {
        assert_eq!(docstring("    ", ""), "");
        assert_eq!(docstring("    ", "Frames.\n"), "    \"\"\"Frames.\"\"\"\n");
        assert_eq!(docstring("", "A \"\"\" and \\n"), "\"\"\"A \\\"\\\"\\\" and \\\\n\"\"\"\n");
        assert_eq!(docstring("", "a\u{0}b\tc"), "\"\"\"abc\"\"\"\n");
        assert_eq!(docstring("", "Say \"x\""), "\"\"\"Say \"x\\\"\"\"\"\n");
        assert_eq!(docstring("  ", "A\n\nB"), "  \"\"\"A\n\n  B\n  \"\"\"\n");
        assert_eq!(string("a\"\\\n"), "\"a\\\"\\\\\\n\"");
    }

    #[test]
    fn fields_have_defaults_and_names() {
        for (default, metadata, text) in [
            (None, "", ""),
            (Some("3"), "", " = 3"),
            (Some("[]"), "", " = dataclasses.field(default_factory=list)"),
            (None, "\"alias\": \"a\"", " = dataclasses.field(metadata={\"alias\": \"a\"})"),
            (Some("3"), "x: 1", " = dataclasses.field(default=3, metadata={x: 1})"),
        ] {
            assert_eq!(assigned(default, metadata), text);
        }
    }
}
