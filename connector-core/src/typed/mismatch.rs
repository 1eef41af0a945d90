//! What does not fit, where, what was expected and what came.
//! Every reader and writer of typed values collects these; `task` turns them into one message.

use std::fmt;

use crate::error::ConnectorError;

/// One value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    path: String,
    problem: String,
}

impl Mismatch {
    /// Where it is, such as `point.tags[3]`; empty for the value itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was expected and what came.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "`{}`: {}", self.path, self.problem)
        }
    }
}

/// Everything that does not fit; never empty once it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mismatches(Vec<Mismatch>);

/// How many are listed in a message.
const LISTED: usize = 20;

impl Mismatches {
    /// One problem with the value itself.
    pub fn new(problem: impl Into<String>) -> Self {
        Self(vec![Mismatch { path: String::new(), problem: problem.into() }])
    }

    /// One value of another kind than expected.
    #[must_use]
    pub fn expected(expected: &str, found: impl fmt::Display) -> Self {
        Self::new(format!("expected {expected}, found {found}"))
    }

    /// The same problems, seen from the object that holds the value as a field.
    #[must_use]
    pub fn in_field(self, name: &str) -> Self {
        self.under(|path| match path.chars().next() {
            None => name.to_owned(),
            Some('[') => format!("{name}{path}"),
            Some(_) => format!("{name}.{path}"),
        })
    }

    /// The same problems, seen from the list or map that holds the value as an item.
    #[must_use]
    pub fn in_item(self, index: impl fmt::Display) -> Self {
        self.under(|path| match path.chars().next() {
            None | Some('[') => format!("[{index}]{path}"),
            Some(_) => format!("[{index}].{path}"),
        })
    }

    /// The same problems, of a key of the map.
    #[must_use]
    pub(super) fn in_keys(mut self) -> Self {
        for mismatch in &mut self.0 {
            mismatch.problem = format!("a key does not fit: {}", mismatch.problem);
        }
        self
    }

    fn under(mut self, place: impl Fn(&str) -> String) -> Self {
        for mismatch in &mut self.0 {
            mismatch.path = place(&mismatch.path);
        }
        self
    }

    /// Adds the problems of another value.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every problem.
    pub fn iter(&self) -> impl Iterator<Item = &Mismatch> {
        self.0.iter()
    }

    /// One error for the task's author, listing every problem.
    #[must_use]
    pub fn into_error(self, what: &str) -> ConnectorError {
        let mut text = format!("{what} do not fit:");
        for mismatch in self.0.iter().take(LISTED) {
            text.push_str(&format!("\n - {mismatch}"));
        }
        if self.0.len() > LISTED {
            text.push_str(&format!("\n - and {} more", self.0.len() - LISTED));
        }
        ConnectorError::invalid_task(text)
    }
}

impl fmt::Display for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mismatch) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            mismatch.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mismatches {}

/// Collects results of items, and the problems among them, up to a little more than are listed.
pub(crate) fn collect<T, C: FromIterator<T>>(
    items: impl Iterator<Item = Result<T, Mismatches>>,
) -> Result<C, Mismatches> {
    let mut problems = Mismatches::default();
    // A list of a million wrong items needs no million messages, nor the time to make them.
    let good: C = items
        .map_while(|item| match item {
            Ok(value) => Some(Some(value)),
            Err(found) => {
                problems.extend(found);
                (problems.0.len() <= LISTED).then_some(None)
            }
        })
        .flatten()
        .collect();
    if problems.is_empty() { Ok(good) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::{Mismatches, collect};

    #[test]
    fn paths_read_like_code() {
        let deep = Mismatches::expected("a string", "a number").in_item(3).in_field("tags");
        assert_eq!(
            deep.in_field("point").to_string(),
            "`point.tags[3]`: expected a string, found a number"
        );
        let item = Mismatches::new("no").in_field("x").in_item(0).in_field("points");
        assert_eq!(item.to_string(), "`points[0].x`: no");
    }

    #[test]
    fn collecting_stops_where_nobody_reads_on() {
        let mut asked = 0;
        let items = (0..1_000_000).map(|index| {
            asked += 1;
            Err::<u8, _>(Mismatches::new("no").in_item(index))
        });
        let problems = collect::<u8, Vec<u8>>(items).unwrap_err();
        assert!(asked < 100, "{asked}");
        assert!(problems.into_error("the list").message().ends_with("- and 1 more"));
        assert_eq!(collect([Ok(1), Ok(2)].into_iter()), Ok(vec![1, 2]));
    }

    #[test]
    fn one_error_lists_them_all() {
        let mut all = Mismatches::new("first").in_field("a");
        all.extend(Mismatches::new("second").in_field("b"));
        let error = all.into_error("the task's inputs");
        assert_eq!(error.message(), "the task's inputs do not fit:\n - `a`: first\n - `b`: second");
    }
}
