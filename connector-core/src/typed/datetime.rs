//! A point in time that holds every datetime of Python's, and how all of them are spelled.
//! `time` and the types of other crates read and write through it.
//! jiff's `Timestamp` ends a day before Python's last year does, so it is not that type.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, date};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, place, simple};
use crate::literal::primitive;
use crate::pb;
use crate::pb::primitive as wire;

/// A point in time, to the nanosecond: Python's `datetime`, whatever its zone.
///
/// It reaches over the years 1 to 9999 in every zone. [`jiff::Timestamp`] is a type of tasks, too, but
/// ends a day before the year 9999 does, so that `datetime.max` is refused.
///
/// ```
/// use connector_core::Datetime;
///
/// let at: Datetime = "9999-12-31T23:59:59.999999+02:00".parse().unwrap();
/// assert_eq!(at.to_string(), "9999-12-31T21:59:59.999999Z");
/// assert_eq!(at.civil().unwrap().year(), 9999);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Datetime {
    /// Since 1970, and rounded down.
    seconds: i64,
    /// Always forward.
    nanos: u32,
}

const EPOCH: Date = date(1970, 1, 1);
const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
const NANOS: i128 = 1_000_000_000;

/// The first and last second of the years that a protobuf timestamp, and Python, may name.
pub(super) const YEARS_1_TO_9999: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl Datetime {
    /// The beginning of the year 1970.
    pub const UNIX_EPOCH: Self = Self { seconds: 0, nanos: 0 };

    /// The first moment of the year 1 in UTC: Python's `datetime.min`.
    pub const MIN: Self = Self { seconds: *YEARS_1_TO_9999.start(), nanos: 0 };

    /// The last nanosecond of the year 9999 in UTC.
    pub const MAX: Self = Self { seconds: *YEARS_1_TO_9999.end(), nanos: 999_999_999 };

    /// The moment that many seconds after the beginning of 1970, and nanoseconds after that.
    ///
    /// Nothing if a second has fewer nanoseconds, or if the moment is too late to be in the year 9999 of
    /// any zone, or before the year −9999.
    #[must_use]
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        let first = Timestamp::MIN.as_second();
        let valid = (first..=YEARS_1_TO_9999.end() + DAY).contains(&seconds);
        (valid && nanos < 1_000_000_000).then_some(Self { seconds, nanos })
    }

    /// What a clock shows in UTC; nothing if it is too early or late.
    #[must_use]
    pub fn from_civil(utc: DateTime) -> Option<Self> {
        Self::new(seconds_of(utc)?, u32::try_from(utc.subsec_nanosecond()).ok()?)
    }

    /// Seconds since the beginning of 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds since [`Datetime::seconds`].
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Nanoseconds since the beginning of 1970.
    #[must_use]
    pub fn as_nanoseconds(self) -> i128 {
        i128::from(self.seconds) * NANOS + i128::from(self.nanos)
    }

    /// What a clock shows in UTC; nothing in the day after the year 9999, which is part of that year in
    /// western zones only.
    #[must_use]
    pub fn civil(self) -> Option<DateTime> {
        let days = i32::try_from(self.seconds.div_euclid(DAY)).ok()?;
        let day = EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
        let second = i32::try_from(self.seconds.rem_euclid(DAY)).ok()?;
        let unit = |size: i32, count: i32| i8::try_from(second / size % count).ok();
        let (hour, minute, second) = (unit(3_600, 24)?, unit(60, 60)?, unit(1, 60)?);
        let time = Time::new(hour, minute, second, i32::try_from(self.nanos).ok()?).ok()?;
        Some(day.to_datetime(time))
    }

    /// The same moment for jiff; nothing in the last 26 hours of the year 9999, which jiff leaves out.
    #[must_use]
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(self.as_nanoseconds()).ok()
    }

    /// The date and time in ISO 8601, to the microsecond: of UTC, or in the day around the years 1 to
    /// 9999 of a zone in which it is within them, as only such a zone can have said it.
    fn iso(self, utc: &str) -> Option<String> {
        let (first, last) = YEARS_1_TO_9999.into_inner();
        let outside = match self.seconds {
            early if early < first => first - early,
            late if late > last => last - late,
            _ => 0,
        };
        // Whole minutes, unless those would make a day.
        let minutes = outside.signum() * (outside.abs() + MINUTE - 1).div_euclid(MINUTE) * MINUTE;
        let offset = if minutes.abs() < DAY { minutes } else { outside };
        let local = Self { seconds: self.seconds.checked_add(offset)?, ..self };
        let shown = local.civil().filter(|shown| (1..=9999).contains(&shown.year()))?;
        let micros = self.nanos / 1_000;
        let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        let zone = if offset == 0 { utc.to_owned() } else { spelled_offset(offset)? };
        Some(format!("{}{fraction}{zone}", shown.strftime("%Y-%m-%dT%H:%M:%S")))
    }

    /// Reads ISO 8601: a date and a time with an offset, or without one, which then means UTC.
    fn parse(text: &str) -> Result<Self, Mismatches> {
        let expected =
            || Mismatches::expected("a datetime such as \"2024-01-02T03:04:05Z\"", "other text");
        let pieces = Pieces::parse(text).map_err(|_| expected())?;
        if pieces.time_zone_annotation().is_some() {
            // Its rules would have to be looked up, or what it says would go unheard.
            let found = "one in a named zone; write its offset, such as +01:00";
            return Err(Mismatches::expected("a datetime with an offset", found));
        }
        // A minute of 61 seconds would be read as if it had 60.
        let leap = text.get(text.len().min(16)..).is_some_and(|rest| rest.starts_with(":60"));
        let day = pieces.date();
        if leap || !(1..=9999).contains(&day.year()) {
            return Err(expected());
        }
        let shown = day.to_datetime(pieces.time().unwrap_or_else(Time::midnight));
        let offset = match pieces.offset() {
            Some(PiecesOffset::Numeric(offset)) => i64::from(offset.offset().seconds()),
            _ => 0,
        };
        let seconds = seconds_of(shown).map(|seconds| seconds - offset);
        let nanos = u32::try_from(shown.subsec_nanosecond()).ok();
        seconds
            .zip(nanos)
            .and_then(|(seconds, nanos)| Self::new(seconds, nanos))
            .ok_or_else(expected)
    }
}

fn seconds_of(shown: DateTime) -> Option<i64> {
    let days = i64::from(EPOCH.until(shown.date()).ok()?.get_days());
    let (hour, minute) = (i64::from(shown.hour()), i64::from(shown.minute()));
    Some(days * DAY + hour * 3_600 + minute * MINUTE + i64::from(shown.second()))
}

fn spelled_offset(offset: i64) -> Option<String> {
    let sign = if offset < 0 { '-' } else { '+' };
    let size = offset.abs();
    let (hours, minutes, seconds) = (size / 3_600, size / MINUTE % 60, size % MINUTE);
    let rest = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
    (hours < 24).then(|| format!("{sign}{hours:02}:{minutes:02}{rest}"))
}

/// In UTC and ISO 8601, to the microsecond.
impl fmt::Display for Datetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.iso("Z") {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} s after 1970", self.seconds),
        }
    }
}

impl fmt::Debug for Datetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// ISO 8601; without an offset it is UTC, and a named zone is refused.
impl FromStr for Datetime {
    type Err = Mismatches;

    fn from_str(text: &str) -> Result<Self, Mismatches> {
        Self::parse(text)
    }
}

impl From<Timestamp> for Datetime {
    fn from(time: Timestamp) -> Self {
        // jiff's fraction has the sign of the whole; here it is never negative.
        let back = time.subsec_nanosecond() < 0;
        let seconds = time.as_second() - i64::from(back);
        let nanos = i64::from(time.subsec_nanosecond()) + if back { 1_000_000_000 } else { 0 };
        Self { seconds, nanos: u32::try_from(nanos).unwrap_or_default() }
    }
}

/// Fails for a clock that is thousands of years off.
impl TryFrom<SystemTime> for Datetime {
    type Error = Mismatches;

    fn try_from(time: SystemTime) -> Result<Self, Mismatches> {
        let prost_types::Timestamp { seconds, nanos } = time.into();
        let nanos = u32::try_from(nanos).unwrap_or_default();
        Self::new(seconds, nanos)
            .ok_or_else(|| Mismatches::new("the system's time is thousands of years off"))
    }
}

impl FlyteType for Datetime {
    const TAG: &'static str = "datetime";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::Datetime)
    }

    fn describe() -> TypeDescription {
        TypeDescription::formatted("datetime", "date-time")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::Datetime(time) => of_wire(&time).ok_or_else(|| {
                Mismatches::expected("a datetime", "one outside the years 1 to 9999")
            }),
            Form::Text(text) => Self::parse(&text),
            other => Err(Mismatches::expected("a datetime", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        if !YEARS_1_TO_9999.contains(&self.seconds) {
            return Err(outside(self));
        }
        let nanos = i32::try_from(self.nanos).unwrap_or_default();
        let time = prost_types::Timestamp { seconds: self.seconds, nanos };
        Ok(primitive(wire::Value::Datetime(time)))
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        let utc = if style == Style::Dataclass { "+00:00" } else { "Z" };
        self.iso(utc).map(Value::from).ok_or_else(|| outside(self))
    }

    /// Inside objects: a date alone is a date, whatever could read it.
    fn is_own(form: &Form<'_>) -> bool {
        match form {
            Form::Datetime(_) => true,
            Form::Text(text) if place::style().is_some() => {
                text.len() > "2024-01-02".len() && Self::parse(text).is_ok()
            }
            _ => false,
        }
    }
}

/// A timestamp of the wire; nothing if protobuf forbids it.
pub(super) fn of_wire(time: &prost_types::Timestamp) -> Option<Datetime> {
    let nanos = u32::try_from(time.nanos).ok()?;
    YEARS_1_TO_9999.contains(&time.seconds).then(|| Datetime::new(time.seconds, nanos)).flatten()
}

fn outside(time: Datetime) -> Mismatches {
    Mismatches::new(format!("{time} is outside the years 1 to 9999"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rmpv::Value;

    use super::super::{FlyteType, Form, Style};
    use super::Datetime;

    fn read(text: &'static str) -> Datetime {
        Datetime::from_form(Form::Text(text.into()))
            .unwrap_or_else(|found| panic!("{text}: {found}"))
    }

    #[test]
    fn the_first_and_the_last_moment_of_python_fit() {
        for (text, seconds, nanos) in [
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799, 999_999_000),
            ("9999-12-30T22:00:00.000001Z", 253_402_207_200, 1_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("1969-12-31T23:59:59.999999Z", -1, 999_999_000),
        ] {
            let time = read(text);
            assert_eq!(Some(time), Datetime::new(seconds, nanos));
            assert_eq!(Datetime::from_literal(&time.into_literal().unwrap()), Ok(time));
            assert_eq!(time.into_value(Style::Pydantic), Ok(Value::from(text)));
            assert_eq!(Datetime::from_civil(time.civil().unwrap()), Some(time));
        }
        assert_eq!(read("9999-12-31T23:59:59.999999").timestamp(), None);
        assert_eq!(Datetime::MIN, read("0001-01-01"));
    }

    #[test]
    fn the_years_reach_as_far_as_their_zones() {
        for (text, written) in [
            ("9999-12-31T23:59:59.999999-12:00", "9999-12-31T23:59:59.999999-12:00"),
            ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-23:59"),
            ("9999-12-31T23:59:59-23:59:59", "9999-12-31T23:59:59-23:59:59"),
            ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
            ("0001-01-01T00:00:00+00:53:28", "0001-01-01T00:00:32+00:54"),
            ("9999-12-31T20:00:00-05:00", "9999-12-31T23:59:00-01:01"),
        ] {
            let time = read(text);
            assert!(time.into_literal().is_err(), "{text}: protobuf knows UTC only");
            let Ok(Value::String(value)) = time.into_value(Style::Dataclass) else {
                panic!("{text}")
            };
            assert_eq!(Datetime::from_form(Form::Text(value.as_str().unwrap().into())), Ok(time));
            assert_eq!(value.as_str(), Some(written));
        }
    }

    #[test]
    fn named_zones_are_refused_and_not_forgotten() {
        for text in [
            "2024-01-02T03:04:05[Europe/Berlin]",
            "2024-01-02T03:04:05+01:00[Europe/Berlin]",
            "2024-01-02T03:04:05Z[UTC]",
        ] {
            let refused = Datetime::from_form(Form::Text(text.into())).unwrap_err().to_string();
            assert!(refused.contains("named zone; write its offset"), "{refused}");
        }
        let refused = "2024-01-02T03:04:05 Europe/Berlin".parse::<Datetime>().unwrap_err();
        assert!(refused.to_string().contains("found other text"), "{refused}");
    }

    #[test]
    fn what_protobuf_forbids_is_refused() {
        for (seconds, nanos) in [
            (253_402_300_800, 0),
            (-62_135_596_801, 999_999_999),
            (i64::MAX, 0),
            (i64::MIN, 0),
            (0, -1),
            (0, 1_000_000_000),
        ] {
            let form = Form::Datetime(prost_types::Timestamp { seconds, nanos });
            let refused = Datetime::from_form(form).unwrap_err().to_string();
            assert!(refused.contains("outside the years 1 to 9999"), "{refused}");
        }
    }

    #[test]
    fn timestamps_of_jiff_are_the_same_moments() {
        for text in
            ["1969-12-31T23:59:58.5Z", "2024-01-02T03:04:05.678901Z", "0001-01-01T00:00:00Z"]
        {
            let time: Timestamp = text.parse().unwrap();
            let here = Datetime::from(time);
            assert_eq!(here, read(text));
            assert_eq!(here.timestamp(), Some(time));
        }
        let early = Datetime::from(Timestamp::MIN);
        assert!(early.into_literal().is_err() && early.into_value(Style::Dataclass).is_err());
        assert!(early.civil().is_some(), "{early:?}");
    }
}
