//! What the operator overrides: environment variables to values of a `Policy`.
//! The registry builder applies them before anything is served; a wrong one is told with its name.

use std::time::Duration;

use super::{Abandoned, CreateErrors, Isolation, Policy, Rate, Takeover, UnseenJobs};
use crate::quantity::{size, span};
use crate::settings::Settings;
use crate::variables::VariableError;

/// For all connectors; the name of a value follows.
const FOR_ALL: &str = "CONNECTOR_POLICY__";
/// Among the settings of one connector; the name of a value follows.
const FOR_ONE: &str = "policy__";

/// An author's policy with the operator's values for all connectors and for this one on top.
///
/// # Errors
/// The first variable that names no value, or whose text does not fit.
pub(crate) fn overridden(
    mut policy: Policy,
    variables: &[(String, String)],
    settings: &Settings,
) -> Result<Policy, VariableError> {
    for (variable, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
        if let Some(name) = variable.strip_prefix(FOR_ALL) {
            set(&mut policy, &name.to_ascii_lowercase(), value)
                .map_err(|reason| VariableError { variable: variable.clone(), reason })?;
        }
    }
    for (setting, value) in settings.values() {
        if let Some(name) = setting.strip_prefix(FOR_ONE) {
            set(&mut policy, name, value)
                .map_err(|reason| VariableError { variable: settings.variable(setting), reason })?;
        }
    }
    Ok(policy)
}

/// Reads the text of one value into a policy.
type Setter = fn(&mut Policy, &str) -> Result<(), String>;

/// Every value an operator can set, by the field's name.
const VALUES: [(&str, Setter); 24] = [
    ("create_errors", |policy, text| {
        policy.create_errors = one_of(
            text,
            [("failed_job", CreateErrors::FailedJob), ("plain_error", CreateErrors::PlainError)],
        )?;
        Ok(())
    }),
    ("abandoned", |policy, text| {
        policy.abandoned =
            one_of(text, [("cancel", Abandoned::Cancel), ("keep", Abandoned::Keep)])?;
        Ok(())
    }),
    ("create_grace", |policy, text| span(text).map(|span| policy.create_grace = span)),
    ("create_memory", |policy, text| span(text).map(|span| policy.create_memory = span)),
    ("unasked_limit", |policy, text| some_time(text).map(|span| policy.unasked_limit = span)),
    ("create_limit", |policy, text| some_time(text).map(|span| policy.create_limit = span)),
    ("keyed", |policy, text| {
        policy.keyed = one_of(text, [("true", true), ("false", false)])?;
        Ok(())
    }),
    ("takeover", |policy, text| {
        policy.takeover = one_of(text, [("create", Takeover::Create), ("fail", Takeover::Fail)])?;
        Ok(())
    }),
    ("create_timeout", |policy, text| {
        some_time(text).map(|span| policy.create_timeout = Some(span))
    }),
    ("get_timeout", |policy, text| some_time(text).map(|span| policy.get_timeout = Some(span))),
    ("delete_timeout", |policy, text| {
        some_time(text).map(|span| policy.delete_timeout = Some(span))
    }),
    ("answer_reserve", |policy, text| span(text).map(|span| policy.answer_reserve = Some(span))),
    ("retry_for", |policy, text| span(text).map(|span| policy.retry_for = span)),
    ("staleness_budget", |policy, text| span(text).map(|span| policy.staleness_budget = span)),
    ("poll_interval", |policy, text| span(text).map(|span| policy.poll_interval = span)),
    ("batch_size", |policy, text| at_least_one(text).map(|size| policy.batch_size = size)),
    ("batch_window", |policy, text| span(text).map(|span| policy.batch_window = span)),
    ("rate", |policy, text| rate(text).map(|rate| policy.rate = rate)),
    ("concurrency", |policy, text| at_least_one(text).map(|calls| policy.concurrency = calls)),
    ("max_meta_bytes", |policy, text| some_bytes(text).map(|bytes| policy.max_meta_bytes = bytes)),
    ("max_remembered_bytes", |policy, text| {
        some_bytes(text).map(|bytes| policy.max_remembered_bytes = bytes)
    }),
    ("check_outputs", |policy, text| {
        policy.check_outputs = one_of(text, [("true", true), ("false", false)])?;
        Ok(())
    }),
    ("isolation", |policy, text| {
        policy.isolation = one_of(text, [("own", Isolation::Own), ("shared", Isolation::Shared)])?;
        Ok(())
    }),
    ("unseen_jobs", |policy, text| {
        policy.unseen_jobs = one_of(
            text,
            [
                ("refuse_with_secrets", UnseenJobs::RefuseWithSecrets),
                ("refuse", UnseenJobs::Refuse),
                ("answer", UnseenJobs::Answer),
            ],
        )?;
        Ok(())
    }),
];

/// The variables of a policy for all connectors.
pub(crate) fn variables_for_all() -> impl Iterator<Item = String> {
    VALUES.iter().map(|(name, _)| format!("{FOR_ALL}{}", name.to_ascii_uppercase()))
}

/// The names of a policy's values among the settings of one connector.
pub(crate) fn settings_for_one() -> impl Iterator<Item = String> {
    VALUES.iter().map(|(name, _)| format!("{FOR_ONE}{name}"))
}

fn set(policy: &mut Policy, name: &str, text: &str) -> Result<(), String> {
    match VALUES.iter().find(|(known, _)| *known == name) {
        Some((_, setter)) => setter(policy, text),
        None => {
            let known: Vec<&str> = VALUES.iter().map(|(known, _)| *known).collect();
            Err(format!("there is no `{name}` in a policy; there are {}", known.join(", ")))
        }
    }
}

fn one_of<T: Copy, const N: usize>(text: &str, words: [(&str, T); N]) -> Result<T, String> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let words = words.map(|(word, _)| format!("`{word}`"));
        format!("`{text}` is not one of {}", words.join(", "))
    })
}

fn some_time(text: &str) -> Result<Duration, String> {
    match span(text)? {
        Duration::ZERO => Err("it must be longer than 0".to_owned()),
        span => Ok(span),
    }
}

fn some_bytes(text: &str) -> Result<usize, String> {
    match size(text)? {
        0 => Err("it must be larger than 0".to_owned()),
        bytes => Ok(bytes),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("`{text}` is not a whole number from 1 on"))
}

/// `5` calls a second, or `5/20`: with up to 20 at once; `off` for no limit.
fn rate(text: &str) -> Result<Option<Rate>, String> {
    if text == "off" {
        return Ok(None);
    }
    let wrong = || {
        format!("`{text}` is not a rate such as `5` (calls a second), `5/20` (20 at once) or `off`")
    };
    let (per_second, burst) = text.split_once('/').unwrap_or((text, "1"));
    let per_second: f64 = per_second.parse().map_err(|_| wrong())?;
    let burst: u32 = burst.parse().map_err(|_| wrong())?;
    if per_second.is_finite() && per_second > 0.0 && burst > 0 {
        Ok(Some(Rate { per_second, burst }))
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::overridden;
    use crate::policy::{Abandoned, CreateErrors, Policy, Rate};
    use crate::settings::Settings;

    fn read(variables: &[(&str, &str)]) -> Result<Policy, String> {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let settings = Settings::from_variables("my-task", variables.iter().cloned());
        overridden(Policy::new(), &variables, &settings).map_err(|error| error.to_string())
    }

    #[test]
    fn one_connector_counts_before_all() {
        let policy = read(&[
            ("CONNECTOR__MY_TASK__POLICY__POLL_INTERVAL", "1m"),
            ("CONNECTOR_POLICY__POLL_INTERVAL", "30s"),
            ("CONNECTOR_POLICY__CREATE_GRACE", "500ms"),
            ("CONNECTOR_POLICY__MAX_META_BYTES", "64KiB"),
            ("CONNECTOR_POLICY__MAX_REMEMBERED_BYTES", "256MiB"),
            ("CONNECTOR_POLICY__CREATE_LIMIT", ""),
            ("CONNECTOR__MY_TASK__POLICY__CONCURRENCY", ""),
            ("CONNECTOR_POLICY__CREATE_ERRORS", "plain_error"),
            ("CONNECTOR_POLICY__ABANDONED", "keep"),
            ("CONNECTOR_POLICY__ANSWER_RESERVE", "2s"),
            ("CONNECTOR_POLICY__RATE", "2.5/10"),
            ("CONNECTOR__OTHER__POLICY__POLL_INTERVAL", "1h"),
        ])
        .expect("a policy");
        assert_eq!(policy.poll_interval, Duration::from_secs(60));
        assert_eq!(policy.create_grace, Duration::from_millis(500));
        assert_eq!((policy.max_meta_bytes, policy.max_remembered_bytes), (65_536, 256 << 20));
        assert_eq!(policy.create_limit, Policy::new().create_limit, "an empty variable is none");
        assert_eq!(policy.create_errors, CreateErrors::PlainError);
        assert_eq!(policy.abandoned, Abandoned::Keep);
        assert_eq!(policy.answer_reserve, Some(Duration::from_secs(2)));
        assert_eq!(policy.rate, Some(Rate { per_second: 2.5, burst: 10 }));
        assert_eq!(read(&[]), Ok(Policy::new()));
    }

    #[test]
    fn says_which_variable_is_wrong_and_what_would_be_right() {
        for (name, value, said) in [
            ("CONNECTOR_POLICY__POLL_INTERVALL", "1s", "there are create_errors, abandoned"),
            ("CONNECTOR_POLICY__POLL_INTERVAL", "soon", "such as `30s`"),
            ("CONNECTOR_POLICY__POLL_INTERVAL", "-1s", "such as `30s`"),
            ("CONNECTOR_POLICY__GET_TIMEOUT", "0", "longer than 0"),
            ("CONNECTOR_POLICY__RATE", "0", "such as `5`"),
            ("CONNECTOR_POLICY__CONCURRENCY", "0", "from 1 on"),
            ("CONNECTOR_POLICY__MAX_META_BYTES", "0", "larger than 0"),
            ("CONNECTOR_POLICY__MAX_META_BYTES", "big", "`64KiB`"),
            ("CONNECTOR_POLICY__ABANDONED", "drop", "`cancel`, `keep`"),
            ("CONNECTOR__MY_TASK__POLICY__CHECK_OUTPUTS", "no", "`true`, `false`"),
        ] {
            let error = read(&[(name, value)]).expect_err(name);
            assert!(error.contains(said), "{error}");
            assert!(error.starts_with(&format!("the environment variable {name}: ")), "{error}");
        }
    }
}
