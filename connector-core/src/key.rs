//! What identifies a connector to Flyte: task type and version.
//! The registry and the server use these instead of bare strings and numbers.
//! The rule for legal names is the macro's rule; both are tested on `tests/data/task_types.txt`.

use std::fmt;
use std::sync::Arc;

/// The longest legal task type, in bytes.
const MAX_TASK_TYPE_LENGTH: usize = 128;

/// A legal task type: 1 to 128 ASCII letters, digits, `_`, `-` or `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskType(Arc<str>);

impl TaskType {
    /// Checks a name.
    ///
    /// # Errors
    /// Says which character or length is not allowed.
    pub fn parse(name: &str) -> Result<Self, InvalidTaskType> {
        let reason = if name.is_empty() {
            "it is empty".to_owned()
        } else if let Some(bad) = name.chars().find(|c| !is_legal(*c)) {
            format!("it contains {bad:?}; letters, digits, `_`, `-` and `.` are allowed")
        } else if name.len() > MAX_TASK_TYPE_LENGTH {
            format!("it has {} characters; {MAX_TASK_TYPE_LENGTH} are allowed", name.len())
        } else {
            return Ok(Self(name.into()));
        };
        Err(InvalidTaskType { name: name.to_owned(), reason })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

impl fmt::Display for TaskType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be a task type, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTaskType {
    name: String,
    reason: String,
}

impl fmt::Display for InvalidTaskType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot be a task type: {}", self.name, self.reason)
    }
}

impl std::error::Error for InvalidTaskType {}

/// Task type and version: what Flyte routes by. Both must match exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectorKey {
    /// `TaskTemplate.type`, or the category's name in later calls.
    pub task_type: TaskType,
    /// `TaskTemplate.task_type_version`, or the category's version in later calls.
    pub version: i32,
}

impl fmt::Display for ConnectorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.task_type, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::TaskType;

    /// Undoes the escapes of the shared list: `""` is the empty name, `\u{20}` a space.
    fn unescape(written: &str) -> String {
        if written == r#""""# {
            return String::new();
        }
        let mut parts = written.split(r"\u{");
        let mut name = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (code, plain) = part.split_once('}').expect("a closed escape");
            let code = u32::from_str_radix(code, 16).expect("hexadecimal digits");
            name.push(char::from_u32(code).expect("a character"));
            name.push_str(plain);
        }
        name
    }

    #[test]
    fn agrees_with_the_shared_list() {
        let list = include_str!("../../tests/data/task_types.txt");
        let mut seen = (0, 0);
        for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.split(' ');
            let (verdict, written) = (words.next().expect("a verdict"), words.next());
            let name = unescape(written.expect("a name"));
            let judged = TaskType::parse(&name);
            match verdict {
                "legal" => {
                    seen.0 += 1;
                    assert_eq!(judged.expect(line).as_str(), name);
                }
                "illegal" => {
                    seen.1 += 1;
                    assert!(judged.is_err(), "{line}");
                }
                other => panic!("unknown verdict {other}"),
            }
        }
        assert!(seen.0 >= 10 && seen.1 >= 10, "the list is too short: {seen:?}");
    }

    #[test]
    fn says_why() {
        let error = TaskType::parse("big query").unwrap_err();
        assert!(error.to_string().contains("' '"), "{error}");
        assert!(TaskType::parse("").unwrap_err().to_string().contains("empty"));
    }
}
