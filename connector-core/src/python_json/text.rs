//! How Python spells floats and strings in JSON.
//! The encoder calls these; they know nothing of structure.

/// Appends a float as Python's `repr` does: shortest digits that read back, `1.0`, `1e+22`,
/// `1e-07`, `-0.0`; NaN and infinities bare.
pub(super) fn push_float(out: &mut Vec<u8>, value: f64) {
    push_shortest(out, value, zmij::Buffer::new().format(value));
}

/// Like [`push_float`] for single precision: the shortest digits of the `f32`, not of its widening.
pub(super) fn push_single(out: &mut Vec<u8>, value: f32) {
    push_shortest(out, f64::from(value), zmij::Buffer::new().format(value));
}

/// `shortest` is how zmij spells the value: of two shortest spellings that are equally near it takes the
/// even one, as Python does and the standard library does not (`2075868951656371.25` is `….2` and `….3`).
fn push_shortest(out: &mut Vec<u8>, value: f64, shortest: &str) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
    // Where neither has an exponent, both write the same.
    if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        return out.extend_from_slice(shortest.as_bytes());
    }
    let unsigned = shortest.strip_prefix('-').unwrap_or(shortest);
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Python takes an exponent below 1e-4, zmij below 1e-5.
    if let Some(fraction) = mantissa.strip_prefix("0.") {
        let digits = fraction.trim_start_matches('0');
        let zeros = i32::try_from(fraction.len() - digits.len()).unwrap_or(0);
        return push_scientific(out, digits.as_bytes(), exponent - zeros - 1);
    }
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let digits = digits.strip_suffix(b"0").unwrap_or(&digits);
    push_scientific(out, digits, exponent);
}

fn push_scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    if let Some((first, rest)) = digits.split_first() {
        out.push(*first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    out.extend_from_slice(format!("e{sign}{:02}", exponent.unsigned_abs()).as_bytes());
}

/// Appends a quoted string in pure ASCII: short escapes where JSON has them, `\uXXXX` in lower-case
/// hex for everything else outside `0x20..=0x7e`, surrogate pairs beyond the basic plane.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        // Most text is plain, and copied in one piece.
        let special =
            rest.bytes().position(|b| !matches!(b, b' '..=b'~') || b == b'"' || b == b'\\');
        let (plain, after) =
            rest.split_at_checked(special.unwrap_or(rest.len())).unwrap_or_default();
        out.extend_from_slice(plain.as_bytes());
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            push_escaped(out, c);
        }
        rest = chars.as_str();
    }
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{push_float, push_single, push_string};

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        push_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    /// Digits without the zeros around them, and the power of ten of the first one.
    fn significant(text: &str) -> (String, i32) {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").replace('-', "");
        let first = digits.len() - digits.trim_start_matches('0').len();
        let whole = whole.trim_start_matches('-').len();
        let places = |count: usize| i32::try_from(count).unwrap();
        let power = exponent.parse::<i32>().unwrap() + places(whole) - 1 - places(first);
        (digits.trim_matches('0').to_owned(), power)
    }

    proptest! {
        #[test]
        fn a_float_reads_back_and_is_as_short_as_can_be(
            bits in any::<u64>(),
            moderate in -1e17..1e17_f64,
        ) {
            let values = [f64::from_bits(bits), moderate, moderate.round(), moderate / 1e17];
            for value in values.into_iter().filter(|value| value.is_finite() && *value != 0.0) {
                let text = written(value);
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
                let (digits, power) = significant(&text);
                let (shortest, same) = significant(&format!("{value:e}"));
                prop_assert_eq!((digits.len(), power), (shortest.len(), same), "{}", text);
                // Python's own rule, of which the standard library is a judge no less.
                prop_assert_eq!(text.contains('e'), !(-4..16).contains(&power), "{}", text);
            }
        }
    }

    #[test]
    fn floats_as_python_prints_them() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e-7, "1e-07"),
            (1.25e-7, "1.25e-07"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e22, "1e+22"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1_700_000_000.123_456, "1700000000.123456"),
            // Halfway between two shortest spellings: the even one.
            (-8_303_475_806_625_485.0 / 4.0, "-2075868951656371.2"),
            (383_833_381_171_565.0 / 16.0, "23989586323222.812"),
            (21_804_710_356_421.0 / 32.0, "681397198638.1562"),
            (0.000_012_345, "1.2345e-05"),
            (12_345_678_901_234_567_890.0, "1.2345678901234567e+19"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            assert_eq!(written(value), expected);
        }
        let mut out = Vec::new();
        push_single(&mut out, 0.1);
        assert_eq!(out, b"0.1");
    }

    #[test]
    fn strings_are_ascii() {
        let mut out = Vec::new();
        push_string(&mut out, "é\"\n/x\\\u{7f}\u{0}\u{8}\u{c}\r\t😀~ ");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#""\u00e9\"\n/x\\\u007f\u0000\b\f\r\t\ud83d\ude00~ ""#
        );
    }
}
