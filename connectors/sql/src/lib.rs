//! Statements as the official task classes send them, and what can be told of what happened on the way.
//!
//! The SQL task classes of Flyte's SDK join a statement to one line and keep its comments, so everything
//! behind a `--` becomes part of the comment: a `WHERE` vanishes, and the job succeeds. What arrives
//! cannot be repaired, but it can be seen.
// Connectors that run SQL call it. No vendor and no HTTP may come in here.

use connector_core::{ConnectorError, Result, Settings};

/// What is done about a statement whose end is a comment by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SwallowedText {
    /// The job runs, and its message and the log say so.
    #[default]
    Warn,
    /// The task is refused.
    Refuse,
}

impl SwallowedText {
    /// Reads the operator's setting `sql_comments`: `warn` (the default) or `refuse`.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: it says something else.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let words = [("warn", Self::Warn), ("refuse", Self::Refuse)];
        Ok(settings.choice("sql_comments", &words)?.unwrap_or(Self::Warn))
    }

    /// A note about a statement whose end is a comment by mistake, where it is to run all the same.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::InvalidTask`]: there is such a comment, and it is to be refused.
    pub fn judge(self, statement: &str) -> Result<Option<String>> {
        let Some(swallowed) = swallowed(statement) else { return Ok(None) };
        let shown: String = swallowed.chars().take(80).collect();
        let note = format!(
            "everything behind the first `--` of this statement is a comment: `{shown}`. The task class \
             of Flyte's SDK joins statements to one line; write comments as `/* … */`"
        );
        match self {
            Self::Warn => Ok(Some(note)),
            Self::Refuse => Err(ConnectorError::invalid_task(note)),
        }
    }
}

/// The text behind the first `--` outside of literals, identifiers and block comments of a statement of
/// one line; `None` if there is none, or if the statement has kept its lines.
#[must_use]
pub fn swallowed(statement: &str) -> Option<&str> {
    let statement = statement.trim();
    if statement.contains('\n') {
        return None;
    }
    let mut rest = statement.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let next = rest.peek().map(|(_, next)| *next);
        match c {
            '\'' | '"' | '`' => {
                while let Some((_, inside)) = rest.next() {
                    if inside == '\\' && c != '`' {
                        rest.next();
                    } else if inside == c {
                        break;
                    }
                }
            }
            '/' if next == Some('*') => {
                let mut before = ' ';
                rest.next();
                for (_, inside) in rest.by_ref() {
                    if before == '*' && inside == '/' {
                        break;
                    }
                    before = inside;
                }
            }
            '-' if next == Some('-') => {
                let text = statement.get(at + 2..).unwrap_or_default().trim();
                return (!text.is_empty()).then_some(text);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use connector_core::Settings;

    use super::{SwallowedText, swallowed};

    #[test]
    fn finds_what_a_comment_swallowed() {
        let paid = "SELECT count(*) FROM orders -- only the paid ones WHERE paid = 1";
        assert_eq!(swallowed(paid), Some("only the paid ones WHERE paid = 1"));
        assert_eq!(swallowed("SELECT 'a' '' , \"b\" --x y"), Some("x y"));
        for whole in [
            "SELECT 1",
            "SELECT '-- no comment', \"--\", `a--b` FROM t",
            "SELECT /* -- inside */ 1",
            r"SELECT 'it\'s -- fine'",
            "SELECT 1 -- kept\nWHERE x",
            "SELECT 1 --",
            "SELECT 1 - -1",
            "SELECT 'open -- end",
        ] {
            assert_eq!(swallowed(whole), None, "{whole}");
        }
    }

    #[test]
    fn the_operator_decides() {
        let with = |value: &str| {
            SwallowedText::from_settings(&Settings::from_iter([("sql_comments", value)]))
        };
        let statement = "SELECT 1 -- WHERE x";
        assert!(with("warn").unwrap().judge(statement).unwrap().unwrap().contains("`WHERE x`"));
        assert!(with("refuse").unwrap().judge(statement).is_err());
        assert_eq!(with("refuse").unwrap().judge("SELECT 1").unwrap(), None);
        assert!(
            with("ignore")
                .unwrap_err()
                .message()
                .contains("SQL_COMMENTS: it is one of `warn`, `refuse`")
        );
    }
}
