//! Datetimes, dates and durations as Flyte types, with the types of the `jiff` crate.
//! jiff is chosen because its arithmetic is checked and its types are signed and zone-aware.
//! Python keeps microseconds; finer fractions are written and lost on Python's side.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, iso, simple};
use crate::pb;
use crate::pb::{literal, primitive, scalar};

fn primitive(value: primitive::Value) -> pb::Literal {
    let primitive = pb::Primitive { value: Some(value) };
    let scalar = pb::Scalar { value: Some(scalar::Value::Primitive(primitive)) };
    pb::Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
}

const EPOCH: Date = date(1970, 1, 1);
const SECONDS_PER_DAY: i64 = 86_400;

/// The first and last second of the years a protobuf timestamp may name.
const YEARS_1_TO_9999: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl FlyteType for Timestamp {
    const TAG: &'static str = "datetime";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::Datetime)
    }

    fn describe() -> TypeDescription {
        TypeDescription::formatted("datetime", "date-time")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        const EXPECTED: &str = "a datetime";
        match form {
            Form::Datetime(time) => {
                let valid = YEARS_1_TO_9999.contains(&time.seconds)
                    && (0..1_000_000_000).contains(&time.nanos);
                valid.then(|| Self::new(time.seconds, time.nanos).ok()).flatten().ok_or_else(|| {
                    // jiff leaves room for every zone's offset at the end.
                    let found = "one outside 0001-01-01T00:00:00Z to 9999-12-30T22:00:00Z";
                    Mismatches::expected(EXPECTED, found)
                })
            }
            Form::Text(text) => parse(&text).ok_or_else(|| {
                Mismatches::expected("a datetime such as \"2024-01-02T03:04:05Z\"", "other text")
            }),
            other => Err(Mismatches::expected(EXPECTED, other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        let seconds = in_years_1_to_9999(self)?;
        let nanos = self.as_nanosecond().rem_euclid(1_000_000_000);
        let nanos = i32::try_from(nanos).unwrap_or_default();
        Ok(primitive(primitive::Value::Datetime(prost_types::Timestamp { seconds, nanos })))
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        in_years_1_to_9999(self)?;
        // Rounded down as the seconds are: a fraction before 1970 counts from the second before.
        let micros = self.as_nanosecond().rem_euclid(1_000_000_000) / 1_000;
        let whole = self.strftime("%Y-%m-%dT%H:%M:%S");
        let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        let zone = match style {
            Style::Dataclass => "+00:00",
            Style::Pydantic => "Z",
        };
        Ok(Value::from(format!("{whole}{fraction}{zone}")))
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Datetime(_))
    }
}

/// A point in time with a zone, or without one, which then means UTC.
fn parse(text: &str) -> Option<Timestamp> {
    let time: Option<Timestamp> = text.parse().ok().or_else(|| {
        let naive: DateTime = text.parse().ok()?;
        naive.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    time.filter(|time| in_years_1_to_9999(*time).is_ok())
}

fn in_years_1_to_9999(time: Timestamp) -> Result<i64, Mismatches> {
    // jiff's fraction has the sign of the whole; here it is never negative.
    let seconds = time.as_nanosecond().div_euclid(1_000_000_000);
    i64::try_from(seconds)
        .ok()
        .filter(|seconds| YEARS_1_TO_9999.contains(seconds))
        .ok_or_else(|| Mismatches::new(format!("{time} is outside the years 1 to 9999")))
}

impl FlyteType for Date {
    const TAG: &'static str = "date";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::Datetime)
    }

    fn describe() -> TypeDescription {
        TypeDescription::formatted("date", "date")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        if let Form::Text(text) = &form
            && let Ok(date) = text.parse::<Self>()
            && date.year() > 0
        {
            return Ok(date);
        }
        // Not through a `Timestamp`: those end before the last day of the year 9999 does.
        if let Form::Datetime(time) = &form
            && YEARS_1_TO_9999.contains(&time.seconds)
        {
            let days = Span::new().try_days(time.seconds.div_euclid(SECONDS_PER_DAY));
            return days
                .and_then(|days| EPOCH.checked_add(days))
                .map_err(|error| Mismatches::new(error.to_string()));
        }
        Timestamp::from_form(form)
            .map(|time| time.to_zoned(TimeZone::UTC).date())
            .map_err(|_| Mismatches::new("expected a date such as \"2024-01-02\""))
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        let days = EPOCH.until(self).map_err(|error| Mismatches::new(error.to_string()))?;
        let seconds = i64::from(days.get_days()) * SECONDS_PER_DAY;
        if !YEARS_1_TO_9999.contains(&seconds) {
            return Err(Mismatches::new(format!("{self} is outside the years 1 to 9999")));
        }
        Ok(primitive(primitive::Value::Datetime(prost_types::Timestamp { seconds, nanos: 0 })))
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        if self.year() > 0 {
            Ok(Value::from(self.to_string()))
        } else {
            Err(Mismatches::new(format!("{self} is outside the years 1 to 9999")))
        }
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Text(text) if text.len() == "2024-01-02".len())
    }
}

impl FlyteType for SignedDuration {
    const TAG: &'static str = "timedelta";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::Duration)
    }

    fn describe() -> TypeDescription {
        TypeDescription::formatted("timedelta", "duration")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        const EXPECTED: &str = "a duration";
        match form {
            Form::Duration(span) => {
                let one_sign = i128::from(span.seconds) * i128::from(span.nanos) >= 0;
                let valid = one_sign && span.nanos.unsigned_abs() < 1_000_000_000;
                valid
                    .then(|| Self::new(span.seconds, span.nanos))
                    .ok_or_else(|| Mismatches::expected(EXPECTED, "one with mixed signs"))
            }
            // Inside objects a number is seconds.
            Form::Integer(seconds) if in_objects(&Self::from_secs(seconds)) => {
                Ok(Self::from_secs(seconds))
            }
            // Python keeps microseconds, so the float is rounded to them.
            Form::Float(seconds) => from_seconds(seconds)
                .ok_or_else(|| Mismatches::expected(EXPECTED, format!("{seconds} seconds"))),
            Form::Text(text) => iso::parse(&text).filter(in_objects).ok_or_else(|| {
                Mismatches::expected("a duration such as 90.5 or \"PT1M30.5S\"", "other text")
            }),
            other => Err(Mismatches::expected(EXPECTED, other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        let (seconds, nanos) = (self.as_secs(), self.subsec_nanos());
        Ok(primitive(primitive::Value::Duration(prost_types::Duration { seconds, nanos })))
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        if !in_objects(&self) {
            return Err(Mismatches::new(format!("{self} is longer than objects can say")));
        }
        Ok(match style {
            Style::Dataclass => Value::F64(to_seconds(self)),
            Style::Pydantic => Value::from(iso::print(self)),
        })
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Duration(_))
    }
}

/// Whether objects can say a duration: ten times what Python's `timedelta` holds. Beyond, the float
/// that dataclasses use would have steps of a second.
fn in_objects(span: &SignedDuration) -> bool {
    span.as_secs().unsigned_abs() <= 1_000_000_000_000_000
}

/// Rounded to microseconds, half to even, as Python's `timedelta` rounds.
fn from_seconds(seconds: f64) -> Option<SignedDuration> {
    // Split first: the whole part is exact, and so is the fraction.
    let (whole, fraction) = (seconds.trunc(), seconds.fract());
    if !seconds.is_finite() || whole.abs() > 1e15 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    let (whole, micros) = (whole as i64, (fraction * 1e6).round_ties_even() as i64);
    SignedDuration::from_secs(whole).checked_add(SignedDuration::from_micros(micros))
}

/// As Python's `total_seconds` divides: one rounding, of the exact quotient.
fn to_seconds(span: SignedDuration) -> f64 {
    let micros = span.as_micros();
    #[expect(clippy::cast_precision_loss, reason = "a float is what Python sends")]
    let rounded = micros as f64 / 1e6;
    // Past 2^53 the dividend itself would be rounded first; decimal digits are read exactly.
    if micros.unsigned_abs() > 1 << 53 {
        format!("{micros}e-6").parse().unwrap_or(rounded)
    } else {
        rounded
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::{SignedDuration, Timestamp};
    use rmpv::Value;

    use super::super::{FlyteType, Form, Style};

    #[test]
    fn datetimes_in_every_spelling() {
        let time: Timestamp = "2024-01-02T03:04:05.678901Z".parse().unwrap();
        for text in [
            "2024-01-02T03:04:05.678901+00:00",
            "2024-01-02T03:04:05.678901Z",
            "2024-01-02T03:04:05.678901",
            "2024-01-02 03:04:05.678901",
            "2024-01-02T05:04:05.678901+02:00",
        ] {
            assert_eq!(Timestamp::from_form(Form::Text(text.into())), Ok(time), "{text}");
        }
        let python = time.into_value(Style::Dataclass).unwrap();
        assert_eq!(python, Value::from("2024-01-02T03:04:05.678901+00:00"));
        let before: Timestamp = "1969-12-31T23:59:58.5Z".parse().unwrap();
        let value = before.into_value(Style::Pydantic).unwrap();
        assert_eq!(value, Value::from("1969-12-31T23:59:58.500000Z"));
        assert_eq!(Timestamp::from_literal(&before.into_literal().unwrap()), Ok(before));
    }

    #[test]
    fn times_no_clock_shows_are_errors() {
        let at = |seconds, nanos| {
            Timestamp::from_form(Form::Datetime(prost_types::Timestamp { seconds, nanos }))
        };
        assert!(at(0, 0).is_ok());
        for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000)] {
            assert!(at(seconds, nanos).is_err(), "{seconds} {nanos}");
        }
        let span = |seconds, nanos| {
            SignedDuration::from_form(Form::Duration(prost_types::Duration { seconds, nanos }))
        };
        assert_eq!(span(-1, -500_000_000), Ok(SignedDuration::from_millis(-1_500)));
        for (seconds, nanos) in [(1, -1), (-1, 1), (0, i32::MAX), (0, i32::MIN)] {
            assert!(span(seconds, nanos).is_err(), "{seconds} {nanos}");
        }
        assert!(SignedDuration::from_form(Form::Float(f64::NAN)).is_err());
        assert!(SignedDuration::from_form(Form::Float(1e300)).is_err());
        assert!(SignedDuration::from_form(Form::Integer(i64::MAX)).is_err());
        assert!(SignedDuration::MAX.into_value(Style::Dataclass).is_err());
        assert!(SignedDuration::from_form(Form::Text("P99999999999D".into())).is_err());
        for text in ["0001-01-01T00:00:00+14:00", "-000044-03-15T00:00:00Z", "0000-12-31"] {
            assert!(Timestamp::from_form(Form::Text(text.into())).is_err(), "{text}");
        }
        assert!(Date::from_form(Form::Text("0000-12-31".into())).is_err());
        assert!(Timestamp::MIN.into_value(Style::Dataclass).is_err());
        assert!(Date::MIN.into_value(Style::Dataclass).is_err());
    }

    #[test]
    fn fractions_below_a_microsecond_are_rounded_down() {
        for (nanos, text) in [
            (-1, "1969-12-31T23:59:59.999999+00:00"),
            (-1_001, "1969-12-31T23:59:59.999998+00:00"),
            (999, "1970-01-01T00:00:00+00:00"),
        ] {
            let time = Timestamp::from_nanosecond(nanos).unwrap();
            assert_eq!(time.into_value(Style::Dataclass), Ok(Value::from(text)));
        }
    }

    #[test]
    fn long_durations_are_divided_as_python_divides() {
        // What `timedelta(microseconds=…).total_seconds()` answers.
        for (micros, seconds) in [
            (1_500_000, 1.5),
            (3_315_913_621_273_690_265, 3_315_913_621_273.690_4),
            (-6_377_255_332_431_908_407, -6_377_255_332_431.908),
        ] {
            let span = SignedDuration::from_micros(micros);
            assert_eq!(span.into_value(Style::Dataclass), Ok(Value::F64(seconds)), "{micros}");
        }
    }

    #[test]
    fn dates_are_midnights() {
        let day = date(2024, 2, 29);
        for day in [day, date(1, 1, 1), date(1969, 12, 31), date(1970, 1, 1), date(9999, 12, 31)] {
            assert_eq!(Date::from_literal(&day.into_literal().unwrap()), Ok(day));
        }
        assert!(date(0, 12, 31).into_literal().is_err());
        assert_eq!(Date::from_form(Form::Text("2024-02-29".into())), Ok(day));
        assert!(Date::from_form(Form::Text("soon".into())).is_err());
    }

    use jiff::civil::Date;
}
