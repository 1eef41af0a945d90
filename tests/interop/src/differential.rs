//! Compares what two servers answered to the same requests, field by field.
//! The differential test calls it with two transcripts and with the table of differences that are meant.
//! The table itself, and the reasons in it, stand in the test.

use std::fmt;

use serde_json::Value;

use crate::normal::{drop_bytes, keep_common_connectors, normal};
use crate::script::Transcript;
use crate::{HarnessError, Result};

/// Differences that are meant. In cases and fields a `*` stands for any run of characters.
#[derive(Debug, Clone, Copy)]
pub struct Intended {
    /// The names of the steps. In every one of them, every one of the fields differs.
    pub cases: &'static [&'static str],
    /// The path of what differs, like `code` or `messages[0].resource.phase`, and a text that the JSON
    /// of our answer there contains: what is meant is this answer, not just any other one.
    pub fields: &'static [(&'static str, &'static str)],
    /// Why the two servers do not answer alike.
    pub reason: &'static str,
}

impl Intended {
    /// The entry as one line for each case and field.
    fn lines(&self) -> impl Iterator<Item = Line> {
        let Self { cases, fields, .. } = *self;
        let line = move |case| fields.iter().map(move |&(field, ours)| Line { case, field, ours });
        cases.iter().flat_map(move |&case| line(case))
    }
}

#[derive(Debug, Clone, Copy)]
struct Line {
    case: &'static str,
    field: &'static str,
    ours: &'static str,
}

impl Line {
    fn covers(&self, difference: &Difference) -> bool {
        matches_pattern(self.case, &difference.case)
            && matches_pattern(self.field, &difference.field)
            && difference.ours.to_string().contains(self.ours)
    }
}

/// One place at which the two servers do not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The name of the step.
    pub case: String,
    /// The path of what differs inside it.
    pub field: String,
    /// What this project's server answered there; null for nothing.
    pub ours: Value,
    /// What the official server answered there; null for nothing.
    pub theirs: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, field, ours, theirs } = self;
        write!(f, "{case} / {field}: ours is {ours}, the official server's is {theirs}")
    }
}

/// What the two transcripts differ in, apart from what is another in every run.
///
/// # Errors
/// If they are not transcripts of the same requests, or a new job's identity has the wrong form.
pub fn differences(ours: &Transcript, theirs: &Transcript) -> Result<Vec<Difference>> {
    if cases(ours) != cases(theirs) {
        return Err(HarnessError::new("the two transcripts are not of the same requests"));
    }
    let mut found = Vec::new();
    for (ours, theirs) in ours.steps().iter().zip(theirs.steps()) {
        let (mut ours, mut theirs) = (normal(ours)?, normal(theirs)?);
        keep_common_connectors(&mut ours, &theirs);
        // Bytes show what decoding hides; where the decoded messages differ they show nothing more.
        let comparable = ours.get("bytes").is_some() && theirs.get("bytes").is_some();
        if !comparable || ours["messages"] != theirs["messages"] {
            drop_bytes(&mut ours);
            drop_bytes(&mut theirs);
        }
        let case = ours["case"].as_str().unwrap_or_default().to_owned();
        compare(&case, "", &ours, &theirs, &mut found);
    }
    Ok(found)
}

/// What there is to complain about: differences that no entry covers, and entries that cover none.
#[must_use]
pub fn complaints(differences: &[Difference], intended: &[Intended]) -> Vec<String> {
    let lines: Vec<Line> = intended.iter().flat_map(Intended::lines).collect();
    let uncovered = differences
        .iter()
        .filter(|difference| !lines.iter().any(|line| line.covers(difference)))
        .map(ToString::to_string);
    let idle = lines
        .iter()
        .filter(|line| !differences.iter().any(|difference| line.covers(difference)))
        .map(|Line { case, field, ours }| {
            format!(
                "{case} / {field}: listed as intended ({ours:?}), but there is no such difference"
            )
        });
    uncovered.chain(idle).collect()
}

fn cases(transcript: &Transcript) -> Vec<&Value> {
    transcript.steps().iter().map(|step| &step["case"]).collect()
}

/// Adds the deepest places at which the two values differ.
fn compare(case: &str, field: &str, ours: &Value, theirs: &Value, found: &mut Vec<Difference>) {
    match (ours, theirs) {
        (Value::Object(mine), Value::Object(other)) => {
            let only_theirs = other.keys().filter(|key| !mine.contains_key(*key));
            for key in mine.keys().chain(only_theirs) {
                let path = if field.is_empty() { key.clone() } else { format!("{field}.{key}") };
                compare(case, &path, &ours[key], &theirs[key], found);
            }
        }
        (Value::Array(mine), Value::Array(other)) if mine.len() == other.len() => {
            for (index, (mine, other)) in mine.iter().zip(other).enumerate() {
                compare(case, &format!("{field}[{index}]"), mine, other, found);
            }
        }
        _ if ours == theirs => {}
        _ => found.push(Difference {
            case: case.to_owned(),
            field: field.to_owned(),
            ours: ours.clone(),
            theirs: theirs.clone(),
        }),
    }
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(head) else {
        return false;
    };
    let mut starts = rest.char_indices().map(|(start, _)| start).chain([rest.len()]);
    starts.any(|start| matches_pattern(tail, &rest[start..]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Difference, Intended, complaints, differences, matches_pattern};
    use crate::script::Transcript;

    fn fields(ours: &Value, theirs: &Value) -> Vec<String> {
        let transcript = |step: &Value| Transcript::new(vec![step.clone()]);
        let found = differences(&transcript(ours), &transcript(theirs)).unwrap();
        found.into_iter().map(|difference| difference.field).collect()
    }

    #[test]
    fn equal_steps_do_not_differ() {
        let step =
            json!({"case": "get", "code": "OK", "messages": [{"a": [1, 2]}], "bytes": ["eA=="]});
        assert_eq!(fields(&step, &step), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_difference_is_found() {
        let ours = json!({
            "case": "get", "code": "OK", "details": "", "messages": [{"a": 1, "b": [1], "d": null}],
            "bytes": ["eA=="],
        });
        let theirs = json!({
            "case": "get", "code": "OK", "details": "x", "messages": [{"a": "1", "b": [1, 2], "c": 0}],
            "bytes": ["eQ=="],
        });
        let expected = ["details", "messages[0].a", "messages[0].b", "messages[0].c"];
        assert_eq!(fields(&ours, &theirs), expected);
    }

    #[test]
    fn bytes_count_where_the_messages_look_alike() {
        let ours = json!({"case": "get", "messages": [{}], "bytes": ["eA=="]});
        let theirs = json!({"case": "get", "messages": [{}], "bytes": ["eQ=="]});
        assert_eq!(fields(&ours, &theirs), ["bytes[0]"]);
    }

    #[test]
    fn transcripts_of_other_requests_are_refused() {
        let transcript = |case: &str| Transcript::new(vec![json!({ "case": case })]);
        assert!(differences(&transcript("get"), &transcript("delete")).is_err());
        assert!(differences(&transcript("get"), &Transcript::new(Vec::new())).is_err());
    }

    #[test]
    fn a_difference_needs_an_entry_and_an_entry_a_difference() {
        let difference = Difference {
            case: "get odd".to_owned(),
            field: "code".to_owned(),
            ours: json!("OK"),
            theirs: json!("INTERNAL"),
        };
        const BOTH: &[(&str, &str)] = &[("code", "OK"), ("details", "")];
        let entry = |cases, fields| Intended { cases, fields, reason: "a reason" };
        let found = std::slice::from_ref(&difference);
        let none = Vec::<String>::new();
        assert_eq!(complaints(found, &[entry(&["get *"], &BOTH[..1])]), none);
        assert_eq!(
            complaints(found, &[]),
            ["get odd / code: ours is \"OK\", the official server's is \"INTERNAL\""]
        );
        assert_eq!(
            complaints(found, &[entry(&["get odd"], BOTH)]),
            ["get odd / details: listed as intended (\"\"), but there is no such difference"]
        );
        // The same place, but not the answer that was meant.
        assert_eq!(complaints(found, &[entry(&["get odd"], &[("code", "NOT_FOUND")])]).len(), 2);
        assert_eq!(complaints(&[], &[entry(&["*"], &[("*", "")])]).len(), 1);
    }

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, text) in
            [("a*c", "abc"), ("a*c", "ac"), ("*", ""), ("*é*", "aéb"), ("a*b*c", "a_b_b_c")]
        {
            assert!(matches_pattern(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*c", "abd"), ("a", "ab"), ("a*", "b"), ("", "a")] {
            assert!(!matches_pattern(pattern, text), "{pattern} {text}");
        }
    }
}
