//! Datetimes, dates and durations as Flyte types, with the types of the `jiff` crate.
//! jiff is chosen because its arithmetic is checked and its types are signed and zone-aware.
//! Python keeps microseconds; finer fractions are written and lost on Python's side.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Span, Timestamp};
use rmpv::Value;

use super::datetime::{Datetime, YEARS_1_TO_9999};
use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, iso, place, simple};
use crate::literal;
use crate::pb::{self, primitive};

const EPOCH: Date = date(1970, 1, 1);
const SECONDS_PER_DAY: i64 = 86_400;

impl FlyteType for Timestamp {
    const TAG: &'static str = "datetime";

    fn literal_type() -> pb::LiteralType {
        Datetime::literal_type()
    }

    fn describe() -> TypeDescription {
        Datetime::describe()
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        Datetime::from_form(form)?.timestamp().ok_or_else(|| {
            // jiff leaves room for every zone's offset at the end.
            Mismatches::expected("a datetime before 9999-12-30T22:00:00Z", "a later one")
        })
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        Datetime::from(self).into_literal()
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        Datetime::from(self).into_value(style)
    }

    fn is_own(form: &Form<'_>) -> bool {
        Datetime::is_own(form)
    }
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
            && text.len() == TEXT
        {
            return Ok(date);
        }
        let moment = Datetime::from_form(form.clone())
            .map_err(|_| Mismatches::expected("a date such as \"2024-01-02\"", &form))?;
        let midnight =
            moment.seconds().rem_euclid(SECONDS_PER_DAY) == 0 && moment.subsec_nanos() == 0;
        // The time would be lost without a word.
        if !midnight {
            return Err(Mismatches::expected("a date", "a datetime that is no midnight in UTC"));
        }
        let days = Span::new().try_days(moment.seconds().div_euclid(SECONDS_PER_DAY));
        days.and_then(|days| EPOCH.checked_add(days))
            .map_err(|error| Mismatches::new(error.to_string()))
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        let days = EPOCH.until(self).map_err(|error| Mismatches::new(error.to_string()))?;
        let seconds = i64::from(days.get_days()) * SECONDS_PER_DAY;
        if !YEARS_1_TO_9999.contains(&seconds) {
            return Err(Mismatches::new(format!("{self} is outside the years 1 to 9999")));
        }
        Ok(literal::primitive(primitive::Value::Datetime(prost_types::Timestamp {
            seconds,
            nanos: 0,
        })))
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        if self.year() > 0 {
            Ok(Value::from(self.to_string()))
        } else {
            Err(Mismatches::new(format!("{self} is outside the years 1 to 9999")))
        }
    }

    fn is_own(form: &Form<'_>) -> bool {
        place::style().is_some()
            && matches!(form, Form::Text(text) if text.len() == TEXT)
            && Self::from_form(form.clone()).is_ok()
    }
}

/// The length of a date's text.
const TEXT: usize = "2024-01-02".len();

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
        let read = match form {
            Form::Duration(span) => {
                let one_sign = i128::from(span.seconds) * i128::from(span.nanos) >= 0;
                let valid = one_sign && span.nanos.unsigned_abs() < 1_000_000_000;
                valid
                    .then(|| Self::new(span.seconds, span.nanos))
                    .ok_or_else(|| Mismatches::expected(EXPECTED, "one with mixed signs"))?
            }
            // Inside objects a number is seconds.
            Form::Integer(seconds) => Self::from_secs(seconds),
            // Python keeps microseconds, so the float is rounded to them.
            Form::Float(seconds) => from_seconds(seconds)
                .ok_or_else(|| Mismatches::expected(EXPECTED, format!("{seconds} seconds")))?,
            Form::Text(text) => iso::parse(&text).ok_or_else(|| {
                Mismatches::expected("a duration such as 90.5 or \"PT1M30.5S\"", "other text")
            })?,
            other => return Err(Mismatches::expected(EXPECTED, other)),
        };
        in_python(&read).then_some(read).ok_or_else(too_long)
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        if !in_python(&self) {
            return Err(too_long());
        }
        // Beyond 10,000 years protobuf forbids it, but that is how Python writes it, and reads it.
        let (seconds, nanos) = (self.as_secs(), self.subsec_nanos());
        Ok(literal::primitive(primitive::Value::Duration(prost_types::Duration { seconds, nanos })))
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        let seconds = to_seconds(self);
        match style {
            _ if !in_python(&self) => Err(too_long()),
            // Within microseconds of the longest, the float is one that Python cannot read.
            Style::Dataclass if from_seconds(seconds).is_none_or(|read| !in_python(&read)) => {
                Err(too_long())
            }
            Style::Dataclass => Ok(Value::F64(seconds)),
            Style::Pydantic | Style::TypedDict | Style::Within => Ok(Value::from(iso::print(self))),
        }
    }

    /// Inside objects as their classes spell it: a dataclass has the number of seconds only.
    fn is_own(form: &Form<'_>) -> bool {
        match (place::style(), form) {
            (_, Form::Duration(_)) => true,
            (None, _) => false,
            (Some(Style::Dataclass), Form::Integer(_) | Form::Float(_)) => true,
            (Some(Style::Dataclass), _) => false,
            (Some(_), Form::Text(text)) => iso::parse(text).is_some(),
            (Some(_), _) => false,
        }
    }
}

/// Whether Python's `timedelta` holds a duration: 999,999,999 days, and the rest of the last one.
fn in_python(span: &SignedDuration) -> bool {
    const LEAST: SignedDuration = SignedDuration::from_secs(-999_999_999 * SECONDS_PER_DAY);
    const MOST: SignedDuration =
        SignedDuration::new(1_000_000_000 * SECONDS_PER_DAY - 1, 999_999_000);
    (LEAST..=MOST).contains(span)
}

fn too_long() -> Mismatches {
    let found = "one longer than Python's timedelta can be (999999999 days)";
    Mismatches::expected("a duration", found)
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
        for text in ["-000044-03-15T00:00:00Z", "0000-12-31", "2016-12-31T23:59:60Z", "10000-01-01"]
        {
            assert!(Timestamp::from_form(Form::Text(text.into())).is_err(), "{text}");
        }
        assert!(Date::from_form(Form::Text("0000-12-31".into())).is_err());
        assert!(Timestamp::MIN.into_value(Style::Dataclass).is_err());
        assert!(Date::MIN.into_value(Style::Dataclass).is_err());
    }

    #[test]
    fn every_duration_of_python_fits_and_no_longer_one() {
        let most = SignedDuration::new(86_399_999_999_999, 999_999_000);
        let least = SignedDuration::from_secs(-86_399_999_913_600);
        for span in [most, least, SignedDuration::from_secs(315_576_000_001)] {
            assert_eq!(SignedDuration::from_literal(&span.into_literal().unwrap()), Ok(span));
            let iso = span.into_value(Style::Pydantic).unwrap();
            assert_eq!(SignedDuration::from_form(iso.into()), Ok(span));
        }
        let wire = |seconds, nanos| Form::Duration(prost_types::Duration { seconds, nanos });
        for form in [
            wire(86_400_000_000_000, 0),
            wire(86_399_999_999_999, 999_999_001),
            wire(-86_399_999_913_600, -1),
            wire(i64::MAX, 0),
            wire(i64::MIN, 0),
            // What `timedelta.max` is in a dataclass, where Python cannot read it either.
            Form::Float(86_400_000_000_000.0),
            Form::Integer(86_400_000_000_000),
            Form::Text("P2739726Y9DT24H".into()),
        ] {
            let refused = SignedDuration::from_form(form).unwrap_err().to_string();
            assert!(refused.contains("longer than Python's timedelta"), "{refused}");
        }
        for span in [most + SignedDuration::from_micros(1), SignedDuration::MAX] {
            assert!(span.into_literal().is_err());
            assert!(span.into_value(Style::Pydantic).is_err());
        }
        assert!(most.into_value(Style::Dataclass).is_err(), "the float is a microsecond longer");
        assert_eq!(least.into_value(Style::Dataclass), Ok(Value::F64(-86_399_999_913_600.0)));
    }

    #[test]
    fn a_date_loses_no_time() {
        let read = |text: &'static str| Date::from_form(Form::Text(text.into()));
        assert_eq!(read("2024-02-29T00:00:00+00:00"), Ok(date(2024, 2, 29)));
        for text in
            ["2024-02-29T00:00:01", "2024-02-29T00:00:00.000001Z", "2024-02-29T00:00:00+02:00"]
        {
            let refused = read(text).unwrap_err().to_string();
            assert!(refused.contains("no midnight"), "{refused}");
        }
        let noon = Form::Datetime(prost_types::Timestamp { seconds: 43_200, nanos: 0 });
        assert!(Date::from_form(noon).is_err());
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
