//! Whether two requests are the same, and where they differ: bodies by value, fields that change
//! left out.
//! `player` looks requests up with it; its texts go into complaints.

use std::collections::BTreeSet;

use serde_json::Value;

use super::content::Content;
use super::file::Request;

/// How many differences a text tells.
const TOLD: usize = 5;

/// How requests are compared.
#[derive(Debug, Clone, Default)]
pub(super) struct Comparison {
    /// Names of fields and parameters that may differ.
    pub(super) ignored: BTreeSet<String>,
}

impl Comparison {
    pub(super) fn is_same(&self, recorded: &Request, asked: &Request) -> bool {
        recorded.method == asked.method
            && self.is_same_path(&recorded.path, &asked.path)
            && self.differences(&recorded.content, &asked.content).is_empty()
    }

    /// A body with the fields that may differ made equal, so that a new recording differs from the
    /// last in what matters.
    pub(super) fn without_ignored(&self, content: Content) -> Content {
        match content {
            Content::Json(mut value) => {
                self.blank(&mut value);
                Content::Json(value)
            }
            other => other,
        }
    }

    fn blank(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match self.ignored.contains(name) {
                        true => *value = Value::from("(ignored)"),
                        false => self.blank(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.blank(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Whether path and query are the same; the order of the query's parameters does not count.
    pub(super) fn is_same_path(&self, recorded: &str, asked: &str) -> bool {
        let parts = |path: &str| {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            (path.to_owned(), self.pairs(query))
        };
        parts(recorded) == parts(asked)
    }

    /// The parameters of a query or a form, sorted, without those that may differ.
    fn pairs(&self, query: &str) -> Vec<String> {
        let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
        let mut pairs: Vec<String> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !self.ignored.contains(&name(pair)))
            .map(str::to_owned)
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// Where two bodies differ; nowhere if they are the same.
    pub(super) fn differences(&self, recorded: &Content, asked: &Content) -> Vec<String> {
        let mut found = Vec::new();
        match (recorded, asked) {
            (Content::Json(recorded), Content::Json(asked)) => {
                self.compare("", recorded, asked, &mut found);
            }
            (Content::Text(recorded), Content::Text(asked))
                if is_form(recorded) && is_form(asked) =>
            {
                if self.pairs(recorded) != self.pairs(asked) {
                    found.push(differ("the form", recorded, asked));
                }
            }
            // A scalar that was written by hand as JSON comes as text.
            (Content::Json(recorded), Content::Text(asked))
                if serde_json::from_str::<Value>(asked).is_ok_and(|asked| asked == *recorded) => {}
            (recorded, asked) if recorded == asked => {}
            (recorded, asked) => found.push(differ("the body", &told(recorded), &told(asked))),
        }
        found.truncate(TOLD);
        found
    }

    fn compare(&self, at: &str, recorded: &Value, asked: &Value, found: &mut Vec<String>) {
        match (recorded, asked) {
            (Value::Object(recorded), Value::Object(asked)) => {
                let names: BTreeSet<&String> = recorded.keys().chain(asked.keys()).collect();
                for name in names.into_iter().filter(|name| !self.ignored.contains(*name)) {
                    let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    match (recorded.get(name), asked.get(name)) {
                        (Some(recorded), Some(asked)) => self.compare(&at, recorded, asked, found),
                        (Some(recorded), None) => {
                            found.push(differ(&field(&at), &recorded.to_string(), "nothing"));
                        }
                        (None, Some(asked)) => {
                            found.push(differ(&field(&at), "nothing", &asked.to_string()));
                        }
                        (None, None) => {}
                    }
                }
            }
            (Value::Array(recorded), Value::Array(asked)) if recorded.len() == asked.len() => {
                for (number, (recorded, asked)) in recorded.iter().zip(asked).enumerate() {
                    self.compare(&format!("{at}[{number}]"), recorded, asked, found);
                }
            }
            (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
            (recorded, asked) if recorded == asked => {}
            (recorded, asked) => {
                found.push(differ(&field(at), &recorded.to_string(), &asked.to_string()));
            }
        }
    }
}

fn field(at: &str) -> String {
    if at.is_empty() { "the body".to_owned() } else { format!("`{at}`") }
}

fn differ(what: &str, recorded: &str, asked: &str) -> String {
    format!("{what}: recorded {}, asked {}", short(recorded), short(asked))
}

/// The beginning of a text, on one line.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 200;
    let mut line: String = text.chars().take(MOST).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line.replace('\n', "\\n")
}

/// What a body is, in a few words.
pub(super) fn told(content: &Content) -> String {
    match content {
        Content::Empty => "nothing".to_owned(),
        Content::Json(value) => short(&value.to_string()),
        Content::Text(text) => short(text),
        Content::Binary(bytes) => format!("{} bytes", bytes.len()),
    }
}

fn is_form(text: &str) -> bool {
    text.contains('=') && !text.contains(|c: char| c.is_whitespace() || "{}<>\"".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Comparison, Content};

    fn ignoring(names: &[&str]) -> Comparison {
        Comparison { ignored: names.iter().map(|&name| name.to_owned()).collect() }
    }

    #[test]
    fn bodies_are_compared_by_value() {
        let comparison = ignoring(&["key"]);
        let recorded = Content::Json(json!({"a": 1, "list": [{"key": "x", "b": 2}]}));
        for same in [
            json!({"list": [{"b": 2.0, "key": "y"}], "a": 1}),
            json!({"a": 1, "key": [1], "list": [{"b": 2}]}),
        ] {
            let same = Content::Json(same);
            assert_eq!(comparison.differences(&recorded, &same), [""; 0]);
        }
        let other = Content::Json(json!({"a": 2, "list": [{"b": "2"}]}));
        assert_eq!(
            comparison.differences(&recorded, &other),
            ["`a`: recorded 1, asked 2", "`list[0].b`: recorded 2, asked \"2\""]
        );
        assert_eq!(
            comparison.differences(&Content::Empty, &other),
            [r#"the body: recorded nothing, asked {"a":2,"list":[{"b":"2"}]}"#]
        );
    }

    #[test]
    fn parameters_have_no_order() {
        let comparison = ignoring(&["t"]);
        assert!(comparison.is_same_path("/a?x=1&y=2&t=5", "/a?y=2&x=1"));
        assert!(!comparison.is_same_path("/a?x=1", "/a?x=2"));
        assert!(!comparison.is_same_path("/a", "/b"));
        let form = |text: &str| Content::Text(text.to_owned());
        assert!(comparison.differences(&form("a=1&t=2"), &form("t=3&a=1")).is_empty());
        assert_eq!(comparison.differences(&form("a=1"), &form("a=2")).len(), 1);
    }
}
