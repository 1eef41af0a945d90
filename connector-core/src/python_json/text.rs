//! How Python spells floats and strings in JSON.
//! The encoder calls these; they know nothing of structure.

/// Appends a float as Python's `repr` does: shortest digits that read back, `1.0`, `1e+22`,
/// `1e-07`, `-0.0`; NaN and infinities bare.
pub(super) fn push_float(out: &mut Vec<u8>, value: f64) {
    let size = value.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        // Where neither has an exponent, both write the same.
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        push_float_digits(out, value, &format!("{value:e}"));
    }
}

/// Like [`push_float`] for single precision: the shortest digits of the `f32`, not of its widening.
pub(super) fn push_single(out: &mut Vec<u8>, value: f32) {
    push_float_digits(out, f64::from(value), &format!("{value:e}"));
}

/// `scientific` is Rust's shortest form of `value`, such as `-1.25e-7`.
fn push_float_digits(out: &mut Vec<u8>, value: f64, scientific: &str) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
        return;
    }
    let unsigned = scientific.strip_prefix('-').unwrap_or(scientific);
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    // Python switches to an exponent below 1e-4 and from 1e16 on.
    if (-4..16).contains(&exponent) {
        push_positional(out, &digits, exponent);
    } else {
        push_scientific(out, &digits, exponent);
    }
}

fn push_positional(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    match usize::try_from(exponent) {
        Ok(exponent) => {
            let whole = exponent + 1;
            let (before, after) = digits.split_at(whole.min(digits.len()));
            out.extend_from_slice(before);
            out.extend(std::iter::repeat_n(b'0', whole - before.len()));
            out.push(b'.');
            out.extend_from_slice(if after.is_empty() { b"0" } else { after });
        }
        Err(_) => {
            out.extend_from_slice(b"0.");
            let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
            out.extend(std::iter::repeat_n(b'0', zeros));
            out.extend_from_slice(digits);
        }
    }
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

    use super::{push_float, push_float_digits, push_single, push_string};

    /// What the digits of the standard library give.
    fn from_digits(value: f64) -> String {
        let mut out = Vec::new();
        push_float_digits(&mut out, value, &format!("{value:e}"));
        String::from_utf8(out).unwrap()
    }

    fn quick(value: f64) -> String {
        let mut out = Vec::new();
        push_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_quick_way_and_the_digits_agree_where_the_spelling_changes() {
        for power in -330..=308 {
            let power: f64 = format!("1e{power}").parse().unwrap();
            for value in [power, power.next_down(), power.next_up(), -power, power * 1.25] {
                assert_eq!(quick(value), from_digits(value));
            }
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_and_the_digits_agree(bits in any::<u64>(), moderate in -1e17..1e17_f64) {
            for value in [f64::from_bits(bits), moderate, moderate.round(), moderate / 1e17] {
                prop_assert_eq!(quick(value), from_digits(value));
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
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            let mut out = Vec::new();
            push_float(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
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
