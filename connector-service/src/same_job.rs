//! Whether two creates of one attempt named the same job, by the resource metadata they answered.
//! `run --twice` and the conformance checks ask, with gates between that share no memory.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

/// How far a clock read by the connector may be off.
const SLACK: Duration = Duration::from_secs(2);

/// Two creates of one attempt, and the time in which both happened.
#[derive(Debug, Clone, Copy)]
pub struct CreatedTwice<'a> {
    /// What the first one answered.
    pub first: &'a [u8],
    /// What the second one answered.
    pub second: &'a [u8],
    /// Before the first.
    pub since: SystemTime,
    /// After the second.
    pub until: SystemTime,
}

impl CreatedTwice<'_> {
    /// Whether both name the same job.
    ///
    /// They do if they are equal, or if they are objects that differ in nothing but numbers which read
    /// the clock at the time of their create: a moment is noted beside a name, and is none. Text that
    /// differs is always another name.
    #[must_use]
    pub fn is_one_job(&self) -> bool {
        if self.first == self.second {
            return true;
        }
        let object = |bytes| serde_json::from_slice::<Map<String, Value>>(bytes).ok();
        let (Some(first), Some(second)) = (object(self.first), object(self.second)) else {
            return false;
        };
        let differ = |(name, value): (&String, &Value)| {
            let other = second.get(name);
            other != Some(value)
                && !(self.reads_the_clock(value)
                    && other.is_some_and(|it| self.reads_the_clock(it)))
        };
        let named = first.iter().any(|(name, value)| second.get(name) == Some(value));
        named && first.len() == second.len() && !first.iter().any(differ)
    }

    /// Whether a number is a moment of that time, in seconds, or thousandths, millionths of them and so on.
    fn reads_the_clock(&self, value: &Value) -> bool {
        let Some(number) = value.as_f64() else { return false };
        let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = seconds(self.since).saturating_sub(SLACK).as_secs_f64();
        let until = (seconds(self.until) + SLACK).as_secs_f64();
        [1.0, 1e3, 1e6, 1e9].into_iter().any(|unit| (since..=until).contains(&(number / unit)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::CreatedTwice;

    fn is_one_job(first: &str, second: &str) -> bool {
        let since = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let until = since + Duration::from_secs(1);
        let (first, second) = (first.as_bytes(), second.as_bytes());
        CreatedTwice { first, second, since, until }.is_one_job()
    }

    #[test]
    fn a_moment_beside_a_name_is_no_name() {
        let first = r#"{"job_id": "j", "created_at": 1700000000.25}"#;
        assert!(is_one_job(first, first));
        assert!(is_one_job(first, r#"{"job_id": "j", "created_at": 1700000000.75}"#));
        assert!(is_one_job(
            r#"{"job_id": "j", "at": 1700000000123}"#,
            r#"{"job_id": "j", "at": 1700000000456}"#
        ));
        assert!(is_one_job("not json", "not json"));
    }

    #[test]
    fn another_name_is_another_job() {
        for (first, second) in [
            (r#"{"job_id": "j-1700000000"}"#, r#"{"job_id": "j-1700000001"}"#),
            (r#"{"run_id": 7, "zone": "a"}"#, r#"{"run_id": 8, "zone": "a"}"#),
            // Nothing but the clock names this job.
            (r#"{"job_id": 1700000000.1}"#, r#"{"job_id": 1700000000.2}"#),
            (r#"{"job_id": "j", "at": 1700000000}"#, r#"{"job_id": "j"}"#),
            (r#"{"job_id": "j", "at": 1600000000}"#, r#"{"job_id": "j", "at": 1700000000}"#),
            ("j1", "j2"),
            ("[1]", "[2]"),
        ] {
            assert!(!is_one_job(first, second), "{first} {second}");
        }
    }
}
