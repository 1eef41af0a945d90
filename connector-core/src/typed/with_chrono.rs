//! The types of the `chrono` crate as Flyte types, each read and written as the one of jiff or ours is.
//! The feature `chrono` adds them; nothing else is here.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, Utc};
use jiff::SignedDuration;
use jiff::civil::Date;
use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::through::through;
use super::{Datetime, FlyteType, Style};
use crate::pb;

through! {
    DateTime<Utc> => Datetime,
        |time| DateTime::from_timestamp(time.seconds(), time.subsec_nanos()),
        // chrono counts a leap second as nanoseconds beyond the second before.
        |time| Datetime::new(time.timestamp(), time.timestamp_subsec_nanos());
    DateTime<FixedOffset> => Datetime,
        |time| DateTime::from_timestamp(time.seconds(), time.subsec_nanos()).map(Into::into),
        |time| Datetime::new(time.timestamp(), time.timestamp_subsec_nanos());
    NaiveDate => Date,
        |day| NaiveDate::from_ymd_opt(day.year().into(), month(day)?, u32::try_from(day.day()).ok()?),
        |day| {
            let (month, of_month) = (i8::try_from(day.month()).ok()?, i8::try_from(day.day()).ok()?);
            Date::new(i16::try_from(day.year()).ok()?, month, of_month).ok()
        };
    TimeDelta => SignedDuration,
        |span| TimeDelta::new(
            span.as_secs() - i64::from(span.subsec_nanos() < 0),
            u32::try_from(span.subsec_nanos().rem_euclid(1_000_000_000)).ok()?,
        ),
        |span| Some(SignedDuration::new(span.num_seconds(), span.subsec_nanos()));
}

fn month(day: Date) -> Option<u32> {
    u32::try_from(day.month()).ok()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};

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
            let time: DateTime<Utc> = text.parse().unwrap();
            assert_eq!(DateTime::<Utc>::from_form(Form::Text(text.into())), Ok(time));
            assert_eq!(time.into_literal(), ours.into_literal());
            assert_eq!(time.into_value(Style::Dataclass), ours.into_value(Style::Dataclass));
            assert_eq!(DateTime::<Utc>::from_literal(&time.into_literal().unwrap()), Ok(time));
            let zoned: DateTime<FixedOffset> = time.into();
            assert_eq!(
                DateTime::<FixedOffset>::from_literal(&zoned.into_literal().unwrap()),
                Ok(zoned)
            );
        }
        assert!(DateTime::<Utc>::MAX_UTC.into_literal().is_err());
        assert!(DateTime::<Utc>::MIN_UTC.into_value(Style::Dataclass).is_err());
    }

    #[test]
    fn dates_and_durations_are_those_of_jiff() {
        for (year, month, day) in [(1, 1, 1), (1969, 12, 31), (2024, 2, 29), (9999, 12, 31)] {
            let date = NaiveDate::from_ymd_opt(year, month, day).unwrap();
            assert_eq!(NaiveDate::from_literal(&date.into_literal().unwrap()), Ok(date));
            let value = date.into_value(Style::Pydantic).unwrap();
            assert_eq!(NaiveDate::from_form(value.into()), Ok(date));
        }
        assert!(NaiveDate::MAX.into_literal().is_err());
        for (seconds, nanos) in
            [(0, 0), (-2, 500_000_000), (90, 1_000), (86_399_999_999_999, 999_999_000)]
        {
            let span = TimeDelta::new(seconds, nanos).unwrap();
            assert_eq!(TimeDelta::from_literal(&span.into_literal().unwrap()), Ok(span));
            let value = span.into_value(Style::Pydantic).unwrap();
            assert_eq!(TimeDelta::from_form(value.into()), Ok(span));
        }
        assert!(TimeDelta::MAX.into_literal().is_err());
    }
}
