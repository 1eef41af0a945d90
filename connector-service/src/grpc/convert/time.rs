//! Times and durations of the wire, checked: nothing a caller sends can overflow.

use std::time::{Duration, SystemTime};

use connector_core::{ConnectorError, Result};

/// The range of a protobuf timestamp: years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOS: std::ops::RangeInclusive<i32> = 0..=999_999_999;

/// A point in time.
pub(super) fn system_time(field: &str, time: prost_types::Timestamp) -> Result<SystemTime> {
    if !SECONDS.contains(&time.seconds) || !NANOS.contains(&time.nanos) {
        return Err(ConnectorError::invalid_task(format!(
            "`{field}` is not a time between the years 1 and 9999"
        )));
    }
    SystemTime::try_from(time)
        .map_err(|error| ConnectorError::invalid_task(format!("`{field}` is not a time: {error}")))
}

/// A span that must be longer than nothing.
pub(super) fn positive(field: &str, span: prost_types::Duration) -> Result<Duration> {
    let seconds = u64::try_from(span.seconds).ok();
    let nanos = u32::try_from(span.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    seconds
        .zip(nanos)
        .map(|(seconds, nanos)| Duration::new(seconds, nanos))
        .filter(|span| !span.is_zero())
        .ok_or_else(|| ConnectorError::invalid_task(format!("`{field}` must be longer than 0")))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use prost_types::{Duration as Span, Timestamp};

    use super::{positive, system_time};

    #[test]
    fn takes_only_what_a_clock_can_show() {
        let at = |seconds, nanos| system_time("start_time", Timestamp { seconds, nanos });
        assert_eq!(at(1, 5).unwrap(), UNIX_EPOCH + Duration::new(1, 5));
        assert_eq!(at(-1, 0).unwrap(), UNIX_EPOCH - Duration::from_secs(1));
        for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, i32::MIN)] {
            assert!(at(seconds, nanos).is_err(), "{seconds} {nanos}");
        }
    }

    #[test]
    fn a_step_is_longer_than_nothing() {
        let step = |seconds, nanos| positive("step", Span { seconds, nanos });
        assert_eq!(step(0, 1).unwrap(), Duration::from_nanos(1));
        for (seconds, nanos) in [(0, 0), (-1, 0), (1, -1), (0, i32::MAX), (i64::MIN, 0)] {
            assert!(step(seconds, nanos).is_err(), "{seconds} {nanos}");
        }
    }
}
