//! The types of the `time` crate as Flyte types, each read and written as the one of jiff or ours is.
//! The feature `time` adds them; nothing else is here.

use jiff::SignedDuration;
use jiff::civil::Date as JiffDate;
use rmpv::Value;
use time::{Date, Duration, Month, OffsetDateTime, UtcDateTime};

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::through::through;
use super::{Datetime, FlyteType, Style};
use crate::pb;

through! {
    OffsetDateTime => Datetime,
        |time| OffsetDateTime::from_unix_timestamp_nanos(time.as_nanoseconds()).ok(),
        |time| Datetime::new(time.unix_timestamp(), time.nanosecond());
    UtcDateTime => Datetime,
        |time| UtcDateTime::from_unix_timestamp_nanos(time.as_nanoseconds()).ok(),
        |time| Datetime::new(time.unix_timestamp(), time.nanosecond());
    Date => JiffDate,
        |day| {
            let month = Month::try_from(u8::try_from(day.month()).ok()?).ok()?;
            Date::from_calendar_date(day.year().into(), month, u8::try_from(day.day()).ok()?).ok()
        },
        |day| {
            let (year, month, day) = day.to_calendar_date();
            let (month, day) = (i8::try_from(u8::from(month)).ok()?, i8::try_from(day).ok()?);
            JiffDate::new(i16::try_from(year).ok()?, month, day).ok()
        };
    Duration => SignedDuration,
        |span| Some(Duration::new(span.as_secs(), span.subsec_nanos())),
        |span| Some(SignedDuration::new(span.whole_seconds(), span.subsec_nanoseconds()));
}

#[cfg(test)]
mod tests {
    use time::{Date, Duration, Month, OffsetDateTime, UtcDateTime, UtcOffset};

    use super::super::{Datetime, FlyteType, Form, Style};

    #[test]
    fn every_datetime_of_python_fits() {
        for text in [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "2024-01-02T03:04:05.678901Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            let ours: Datetime = text.parse().unwrap();
            let time = OffsetDateTime::from_form(Form::Text(text.into())).unwrap();
            assert_eq!(time.unix_timestamp_nanos(), ours.as_nanoseconds());
            assert_eq!(time.into_literal(), ours.into_literal());
            assert_eq!(time.into_value(Style::Dataclass), ours.into_value(Style::Dataclass));
            let utc = UtcDateTime::from_literal(&time.into_literal().unwrap()).unwrap();
            assert_eq!(utc.into_value(Style::Pydantic), ours.into_value(Style::Pydantic));
        }
        let east = UtcOffset::from_hms(14, 0, 0).unwrap();
        let early =
            Date::from_calendar_date(1, Month::January, 1).unwrap().midnight().assume_offset(east);
        assert!(early.into_literal().is_err(), "protobuf knows UTC only");
        let value = early.into_value(Style::Dataclass).unwrap();
        assert_eq!(OffsetDateTime::from_form(value.into()), Ok(early));
    }

    #[test]
    fn dates_and_durations_are_those_of_jiff() {
        for (year, month, day) in
            [(1, Month::January, 1), (1969, Month::December, 31), (9999, Month::December, 31)]
        {
            let date = Date::from_calendar_date(year, month, day).unwrap();
            assert_eq!(Date::from_literal(&date.into_literal().unwrap()), Ok(date));
            let value = date.into_value(Style::Pydantic).unwrap();
            assert_eq!(Date::from_form(value.into()), Ok(date));
        }
        assert!(Date::MIN.into_literal().is_err());
        for (seconds, nanos) in [(0, 0), (-1, -500_000_000), (86_399_999_999_999, 999_999_000)] {
            let span = Duration::new(seconds, nanos);
            assert_eq!(Duration::from_literal(&span.into_literal().unwrap()), Ok(span));
            let value = span.into_value(Style::Pydantic).unwrap();
            assert_eq!(Duration::from_form(value.into()), Ok(span));
        }
        assert!(Duration::MAX.into_literal().is_err());
    }
}
