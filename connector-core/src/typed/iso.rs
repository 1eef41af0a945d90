//! Durations as pydantic spells them: ISO 8601 with days, and years of 365 days.
//! `time` reads and writes them; no calendar is involved.

use jiff::SignedDuration;

const SECOND: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * SECOND;
const HOUR: i128 = 60 * MINUTE;
const DAY: i128 = 24 * HOUR;
const YEAR: i128 = 365 * DAY;

/// Reads `P1Y2DT3H4M5.6S`, with a sign in front if negative. Weeks and months of 30 days are read,
/// too, as pydantic reads them.
pub(super) fn parse(text: &str) -> Option<SignedDuration> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (text, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let units = [('Y', YEAR), ('M', 30 * DAY), ('W', 7 * DAY), ('D', DAY)];
    let total =
        sum(days, &units)?.checked_add(sum(time, &[('H', HOUR), ('M', MINUTE), ('S', SECOND)])?)?;
    from_nanos(if negative { -total } else { total })
}

/// The sum of amounts, each with a unit; units come in the order given, each at most once.
fn sum(mut text: &str, units: &[(char, i128)]) -> Option<i128> {
    let mut total = 0_i128;
    let mut allowed = units.iter();
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (amount, rest) = text.split_at_checked(end)?;
        let unit = rest.chars().next()?;
        let (_, nanos) = allowed.find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(amount, *nanos)?)?;
        text = rest.get(unit.len_utf8()..)?;
    }
    Some(total)
}

/// A decimal number of units in nanoseconds; digits beyond nanoseconds are dropped.
fn scaled(amount: &str, nanos: i128) -> Option<i128> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 18 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut total = whole.parse::<i128>().ok()?.checked_mul(nanos)?;
    let mut unit = nanos;
    for digit in fraction.bytes().take(18) {
        unit /= 10;
        total = total.checked_add(i128::from(digit - b'0') * unit)?;
    }
    Some(total)
}

fn from_nanos(nanos: i128) -> Option<SignedDuration> {
    let seconds = i64::try_from(nanos / SECOND).ok()?;
    let rest = i32::try_from(nanos % SECOND).ok()?;
    Some(SignedDuration::new(seconds, rest))
}

/// Writes what pydantic would: years of 365 days, days, time; microseconds without trailing zeros.
pub(super) fn print(span: SignedDuration) -> String {
    let nanos = span.as_nanos() / 1_000 * 1_000;
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.abs();
    let mut text = format!("{sign}P");
    let (years, days) = (nanos / YEAR, nanos % YEAR / DAY);
    for (amount, unit) in [(years, 'Y'), (days, 'D')] {
        if amount > 0 {
            text.push_str(&format!("{amount}{unit}"));
        }
    }
    let (hours, minutes) = (nanos % DAY / HOUR, nanos % HOUR / MINUTE);
    let (seconds, micros) = (nanos % MINUTE / SECOND, nanos % SECOND / 1_000);
    let in_time = nanos % DAY > 0;
    if in_time || nanos == 0 {
        text.push('T');
    }
    for (amount, unit) in [(hours, 'H'), (minutes, 'M')] {
        if amount > 0 {
            text.push_str(&format!("{amount}{unit}"));
        }
    }
    if micros > 0 {
        let fraction = format!("{micros:06}");
        text.push_str(&format!("{seconds}.{}S", fraction.trim_end_matches('0')));
    } else if seconds > 0 || nanos == 0 {
        text.push_str(&format!("{seconds}S"));
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{parse, print};

    #[test]
    fn spellings_of_pydantic_survive() {
        let day = SignedDuration::from_hours(24);
        for (text, span) in [
            ("PT1M30.5S", SignedDuration::from_millis(90_500)),
            ("-PT1.5S", SignedDuration::from_millis(-1_500)),
            ("P2Y70DT1.5S", day * 800 + SignedDuration::from_millis(1_500)),
            ("-P1Y1DT0.000001S", -(day * 366) - SignedDuration::from_micros(1)),
            ("PT0S", SignedDuration::ZERO),
            ("P1D", day),
            ("PT1H", SignedDuration::from_hours(1)),
        ] {
            assert_eq!(parse(text), Some(span), "{text}");
            assert_eq!(print(span), text);
        }
        assert_eq!(parse("P1W"), Some(day * 7));
        assert_eq!(parse("+PT1S"), Some(SignedDuration::from_secs(1)));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "P", "PT", "1D", "P1X", "PT1", "P1DT", "PT1S1M", "P-1D", "P1.2.3D", "PTS"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("P99999999999999999999Y"), None);
        assert_eq!(parse("P999999999999999999Y"), None);
    }
}
