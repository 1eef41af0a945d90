//! Spans of time and sizes, as operators write them in flags and variables.
//! The policy, a connector's settings and the server's command line read them here, so that all take the
//! same spellings. What a bare number means is the reader's business.

use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::SignedDuration;

/// Reads a span of time with its unit, such as `30s`, `500ms` or `1h30m`; `0` needs none.
///
/// # Errors
/// Says how one is written.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(connector_core::host::quantity::span("1m30s"), Ok(Duration::from_secs(90)));
/// assert!(connector_core::host::quantity::span("30").unwrap_err().contains("`30s`"));
/// ```
pub fn span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not a span of time such as `30s`, `500ms` or `10m`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let span = SignedDuration::from_str(text).map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

/// Reads a span of time, of which a bare number is seconds: `30`, `0.5`, `30s`, `10m`.
///
/// # Errors
/// Says how one is written.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{text}` is not a span of time such as `30` (seconds), `500ms` or `10m`");
    match text.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| wrong()),
        Err(_) => span(text).map_err(|_| wrong()),
    }
}

/// Reads a size, of which a bare number is bytes: `4096`, `64KiB`, `16MiB`, `1.5GB`.
///
/// # Errors
/// Says how one is written.
///
/// ```
/// assert_eq!(connector_core::host::quantity::size("16MiB"), Ok(16 * 1024 * 1024));
/// ```
pub fn size(text: &str) -> Result<usize, String> {
    let bytes = ByteSize::from_str(text.trim()).ok().map(|size| size.as_u64());
    bytes
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| format!("`{text}` is not a size such as `4096` (bytes), `64KiB` or `16MiB`"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{seconds, size, span};

    #[test]
    fn spans_take_units_and_bare_numbers_only_where_they_are_seconds() {
        for (text, milliseconds) in
            [("0", 0), ("30s", 30_000), (" 500ms\n", 500), ("1h30m", 5_400_000), ("1.5m", 90_000)]
        {
            let wanted = Ok(Duration::from_millis(milliseconds));
            assert_eq!((span(text), seconds(text)), (wanted.clone(), wanted), "{text}");
        }
        for text in ["-1s", "soon", "", "1d", "1e400s"] {
            assert!(span(text).unwrap_err().contains("`30s`"), "{text}");
            assert!(seconds(text).unwrap_err().contains("(seconds)"), "{text}");
        }
        for (text, milliseconds) in [("30", 30_000), ("0.25", 250)] {
            assert!(span(text).is_err(), "{text}");
            assert_eq!(seconds(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["-1", "NaN", "1e400"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_take_units_and_bare_numbers_are_bytes() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4_096),
            ("16MiB", 16 << 20),
            ("16 Mi", 16 << 20),
            ("16mb", 16_000_000),
            ("1.5GiB", 3 << 29),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["-1", "", "big", "1e3", "16 MiB or so"] {
            assert!(size(text).unwrap_err().contains("`16MiB`"), "{text}");
        }
    }
}
