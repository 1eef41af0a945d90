//! How long the caller waits, as the header `grpc-timeout` says.
//! The services read it into the route of every call; what it means to a call is the gate's business.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

/// Made once: a name given as text is checked at every look-up.
static TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The `grpc-timeout` of a request: up to eight digits and a unit. A malformed one counts as none.
pub(super) fn caller_timeout(headers: &HeaderMap) -> Option<Duration> {
    let (unit, digits) = headers.get(&TIMEOUT)?.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0, |amount, digit| amount * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3_600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};

    use super::caller_timeout;

    #[test]
    fn reads_every_unit_and_nothing_else() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", HeaderValue::from_static(text));
            caller_timeout(&headers)
        };
        assert_eq!(read("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("10S"), Some(Duration::from_secs(10)));
        assert_eq!(read("9999999m"), Some(Duration::from_millis(9_999_999)));
        assert_eq!(read("5u"), Some(Duration::from_micros(5)));
        assert_eq!(read("7n"), Some(Duration::from_nanos(7)));
        for malformed in ["", "S", "10", "10X", "-1S", "+1S", "123456789S", "1 S"] {
            assert_eq!(read(malformed), None, "{malformed:?}");
        }
        assert_eq!(caller_timeout(&HeaderMap::new()), None);
    }
}
