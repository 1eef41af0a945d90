//! When the vendor wants to be asked again: the header `Retry-After`, in seconds or as a date.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest wait believed.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The wait that an answer asks for.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    read(headers.get(RETRY_AFTER)?.to_str().ok()?.trim(), SystemTime::now())
}

fn read(text: &str, now: SystemTime) -> Option<Duration> {
    let wait = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{LONGEST, read};

    #[test]
    fn seconds_and_dates() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let second = Duration::from_secs(1);
        assert_eq!(read("7", now), Some(7 * second));
        assert_eq!(read("0.5", now), Some(second / 2));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(10 * second));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:27 GMT", now), Some(Duration::ZERO));
        assert_eq!(read("99999999", now), Some(LONGEST));
        for nothing in ["", "soon", "-1", "nan", "inf"] {
            assert_eq!(read(nothing, now), None, "{nothing}");
        }
    }
}
