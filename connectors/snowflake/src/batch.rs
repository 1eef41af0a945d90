//! A batch: lists as inputs, and the one `VALUES (…)` of the statement is repeated for every row.

use crate::bind::{Bind, Input};
use crate::scan::{Kind, Within, scan};

/// A statement around its row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Around<'a> {
    /// Up to the word VALUES.
    pub(crate) before: &'a str,
    /// What is in the brackets.
    pub(crate) row: &'a str,
    pub(crate) after: &'a str,
}

/// Finds the row of a statement. The texts of errors are the official connector's.
///
/// # Errors
/// There is none, or more than one.
pub(crate) fn row(statement: &str) -> Result<Around<'_>, String> {
    let mut rows = rows(statement);
    match (rows.pop(), rows.pop()) {
        (None, _) => {
            Err("Batch inputs require a query template with a VALUES (...) clause.".to_owned())
        }
        (Some(_), Some(_)) => {
            Err("Batch query expansion supports exactly one VALUES (...) clause.".to_owned())
        }
        (Some((word, open, close)), None) => {
            let part = |range: std::ops::Range<usize>| statement.get(range).unwrap_or_default();
            Ok(Around {
                before: part(0..word),
                row: part(open + 1..close),
                after: part(close + 1..statement.len()),
            })
        }
    }
}

/// Where each begins: the word VALUES, its bracket, the bracket that closes it.
fn rows(statement: &str) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut open: Option<(usize, usize)> = None;
    let mut depth = 0_u32;
    let pieces = scan(statement).into_iter();
    for piece in pieces.filter(|piece| piece.within == Within::Code && piece.kind == Kind::Text) {
        for (offset, c) in piece.text.char_indices() {
            let at = piece.at + offset;
            if let Some((begin, bracket)) = open {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth - 1,
                    _ => depth,
                };
                if depth == 0 {
                    found.push((begin, bracket, at));
                    (open, word) = (None, None);
                }
            } else if c.is_alphanumeric() || matches!(c, '_' | '$') {
                match &mut word {
                    Some((begin, text)) if *begin + text.len() == at => text.push(c),
                    _ => word = Some((at, c.to_string())),
                }
            } else if c == '('
                && let Some((begin, _)) =
                    word.take().filter(|(_, text)| text.eq_ignore_ascii_case("VALUES"))
            {
                (open, depth) = (Some((begin, at)), 1);
            } else if !c.is_whitespace() {
                word = None;
            }
        }
    }
    found
}

/// The values of a batch, a list for each column.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    columns: Vec<(&'a str, &'a [Bind])>,
    pub(crate) count: usize,
}

impl<'a> Rows<'a> {
    /// Reads them. The texts of errors are the official connector's, where it has one.
    ///
    /// # Errors
    /// An input is no list, or the lists are of different lengths, or empty.
    pub(crate) fn of(inputs: &'a [(&str, Input)]) -> Result<Self, String> {
        let columns = inputs.iter().map(|(name, input)| match input {
            Input::Many(values) => Ok((*name, values.as_slice())),
            Input::One(_) => Err(format!("the batch input `{name}` is no list")),
        });
        let columns: Vec<_> = columns.collect::<Result<_, _>>()?;
        let count = columns.first().map_or(0, |(_, values)| values.len());
        if columns.iter().any(|(_, values)| values.len() != count) {
            return Err("All batch input lists must have the same length.".to_owned());
        }
        if count == 0 {
            return Err("Batch inputs must contain at least one row.".to_owned());
        }
        Ok(Self { columns, count })
    }

    /// The value of a column in a row, counted from 0.
    pub(crate) fn value(&self, column: &str, row: usize) -> Option<&Bind> {
        let (_, values) = self.columns.iter().find(|(name, _)| *name == column)?;
        values.get(row)
    }
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn the_row_is_found_in_code_only() {
        for (statement, before, inside) in [
            ("INSERT INTO t VALUES (%(a)s, %(b)s)", "INSERT INTO t ", "%(a)s, %(b)s"),
            ("insert into t values(f(%(a)s), (1)) -- x", "insert into t ", "f(%(a)s), (1)"),
            ("INSERT INTO t(my_values) VALUES ( ')' )", "INSERT INTO t(my_values) ", " ')' "),
            (
                "SELECT 'VALUES (1)', values FROM VALUES (2)",
                "SELECT 'VALUES (1)', values FROM ",
                "2",
            ),
        ] {
            let around = row(statement).unwrap();
            assert_eq!((around.before, around.row), (before, inside), "{statement}");
        }
        for (statement, told) in [
            ("SELECT 1", "require a query template with a VALUES (...) clause"),
            ("INSERT INTO t VALUES (1", "require a query template"),
            ("SELECT 'VALUES (1)'", "require a query template"),
            ("VALUES (1) UNION VALUES (2)", "exactly one VALUES (...) clause"),
        ] {
            let error = row(statement).unwrap_err();
            assert!(error.contains(told), "{statement}: {error}");
        }
    }
}
