//! The time types of the standard library as Flyte types, each read and written as ours or jiff's is.
//! Python's durations may be negative and std's may not: such a value is refused by name.

use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::through::through;
use super::{Datetime, FlyteType, Style};
use crate::pb;

through! {
    SystemTime => Datetime,
        |time| {
            let since = u64::try_from(time.seconds()).map(Duration::from_secs);
            let before = || Duration::from_secs(time.seconds().unsigned_abs());
            let second = since
                .map_or_else(
                    |_| SystemTime::UNIX_EPOCH.checked_sub(before()),
                    |since| SystemTime::UNIX_EPOCH.checked_add(since),
                );
            second?.checked_add(Duration::from_nanos(time.subsec_nanos().into()))
        },
        |time| Datetime::try_from(time).ok();
    Duration => SignedDuration,
        |span| Duration::try_from(span).ok(),
        |span| SignedDuration::try_from(span).ok(),
        "a negative one";
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use jiff::SignedDuration;
    use prost_types::Timestamp;

    use super::super::{Datetime, FlyteType, Form, Style};

    #[test]
    fn every_datetime_of_python_fits() {
        for text in [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00Z",
            "2024-01-02T03:04:05.678901Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            let ours: Datetime = text.parse().unwrap();
            let time = SystemTime::from_form(Form::Text(text.into())).unwrap();
            assert_eq!(Datetime::try_from(time), Ok(ours), "{text}");
            assert_eq!(time.into_literal(), ours.into_literal(), "{text}");
            assert_eq!(time.into_value(Style::Dataclass), ours.into_value(Style::Dataclass));
            assert_eq!(SystemTime::from_literal(&time.into_literal().unwrap()), Ok(time));
        }
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1_500);
        let seen =
            SystemTime::from_form(Form::Datetime(Timestamp { seconds: -2, nanos: 500_000_000 }));
        assert_eq!(seen, Ok(before));
    }

    #[test]
    fn a_clock_beyond_the_year_9999_is_refused() {
        let late = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert!(late.into_literal().unwrap_err().to_string().contains("9999"));
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 50);
        let error = later.into_value(Style::Pydantic).unwrap_err();
        assert_eq!(error.to_string(), "it is beyond every datetime of Python");
    }

    #[test]
    fn durations_are_those_of_jiff_but_negative_ones() {
        for span in [
            Duration::ZERO,
            Duration::from_micros(1),
            Duration::from_millis(90_500),
            Duration::new(86_399_999_999_999, 999_999_000),
        ] {
            let signed = SignedDuration::try_from(span).unwrap();
            assert_eq!(span.into_literal(), signed.into_literal());
            for style in [Style::Dataclass, Style::Pydantic] {
                assert_eq!(span.into_value(style), signed.into_value(style));
            }
            assert_eq!(Duration::from_literal(&span.into_literal().unwrap()), Ok(span));
        }
        assert_eq!(Duration::from_form(Form::Float(1.5)), Ok(Duration::from_millis(1_500)));
        for form in [
            Form::Float(-0.5),
            Form::Integer(-1),
            Form::Text("-PT1S".into()),
            Form::Duration(prost_types::Duration { seconds: 0, nanos: -1_000 }),
        ] {
            assert_eq!(
                Duration::from_form(form).unwrap_err().to_string(),
                "expected a timedelta, found a negative one"
            );
        }
    }

    #[test]
    fn durations_that_python_cannot_hold_are_refused() {
        for span in [Duration::MAX, Duration::from_secs(86_400_000_000_000)] {
            let error = span.into_literal().unwrap_err().to_string();
            assert!(error.contains("timedelta") || error.contains("duration"), "{error}");
            assert!(span.into_value(Style::Dataclass).is_err());
        }
    }
}
