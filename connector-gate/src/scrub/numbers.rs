//! Bytes shown one by one: `[104, 117]` as Rust and JSON show them, `[104 117]` as Go does, `68:75`,
//! `0x68, 0x75`. `index` reads a text through here once more, and finds secrets in what comes out.
//! It says which bytes are shown where; whether they are part of a secret is not its business.

use std::ops::Range;

use super::needle::KEY_BYTES;
use super::spelling::{escapes, is_special};

/// How much may stand between two numbers: a pretty-printed list has a line for each, far indented.
const MOST_BETWEEN: usize = 64;

/// How much of what follows a row is looked at.
const MOST_FOLLOWING: usize = 24;

/// Some bytes in a row, and where in the text each of them stands.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The bytes, and the text that follows their numbers.
    pub(super) bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// Up to three digits; from -128 on where bytes have signs.
    Ten,
    /// One or two digits, perhaps after `0x`.
    Sixteen,
}

impl Base {
    /// Whether a number may begin so; it does so less often than a word does.
    const fn begins(self, byte: u8) -> bool {
        match self {
            Self::Ten => byte.is_ascii_digit() || byte == b'-',
            Self::Sixteen => byte.is_ascii_hexdigit(),
        }
    }
}

impl Shown {
    /// The place in the text of a range of these bytes.
    pub(super) fn place(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let first = self.places.get(range.start)?;
        let last = self.places.get(range.end.checked_sub(1)?)?;
        Some(first.start..last.end)
    }
}

/// Shows every row of bytes in a text that is as long as a needle at least.
pub(super) fn each_row(text: &[u8], mut see: impl FnMut(&Shown)) {
    for base in [Base::Ten, Base::Sixteen] {
        let mut at = 0;
        while let Some(found) = text.iter().skip(at).position(|byte| base.begins(*byte)) {
            let start = at + found;
            let inside = start > at && text.get(start - 1).copied().is_some_and(is_word);
            at = match number(text, start, base) {
                Some(first) if !inside => {
                    let (row, end) = row(text, start, first, base);
                    show(row, text.get(end..).unwrap_or_default(), &mut see);
                    end
                }
                _ => past_word(text, start),
            };
        }
    }
}

/// Reads the row that begins with this number. The row, and where the text goes on.
fn row(text: &[u8], start: usize, first: (u8, usize), base: Base) -> (Shown, usize) {
    let mut row = Shown::default();
    let (mut at, mut next) = (start, Some(first));
    while let Some((byte, taken)) = next {
        let end = at + taken;
        row.bytes.push(byte);
        row.places.push(at..end);
        let between = between(text, end, base);
        next = number(text, end + between, base).filter(|_| between > 0);
        at = if next.is_some() { end + between } else { end };
    }
    (row, at)
}

fn past_word(text: &[u8], at: usize) -> usize {
    at + 1 + text.iter().skip(at + 1).take_while(|byte| is_word(**byte)).count()
}

/// Shows a row with what follows it in the text, which says whether it was cut off.
fn show(mut row: Shown, rest: &[u8], mut see: impl FnMut(&Shown)) {
    let last = row.bytes.len() - 1;
    if last + 1 < KEY_BYTES {
        return;
    }
    let follows = rest.get(..rest.len().min(MOST_FOLLOWING)).unwrap_or_default();
    row.bytes.extend_from_slice(follows);
    see(&row);
    if !matches!(follows, [b']' | b')' | b'}' | b'>', ..]) {
        // Then its last number may be a part of one only.
        row.bytes.remove(last);
        row.places.truncate(last);
        see(&row);
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The byte that a number at this place stands for, and how long it is.
fn number(text: &[u8], at: usize, base: Base) -> Option<(u8, usize)> {
    let rest = text.get(at..)?;
    let (sign, digits) = match (base, rest) {
        (Base::Ten, [b'-', digits @ ..]) => (1, digits),
        (Base::Sixteen, [b'0', b'x' | b'X', digits @ ..]) => (2, digits),
        _ => (0, rest),
    };
    let most = if base == Base::Ten { 4 } else { 3 };
    let count = digits.iter().take(most).take_while(|byte| is_word(**byte)).count();
    if count == 0 || count == most {
        return None;
    }
    let radix = if base == Base::Ten { 10 } else { 16 };
    let value = digits.iter().take(count).try_fold(0_i32, |value, digit| {
        Some(
            value * radix
                + i32::try_from(char::from(*digit).to_digit(radix.unsigned_abs())?).ok()?,
        )
    })?;
    let byte = match (base, sign) {
        (Base::Ten, 1) => i8::try_from(-value).ok()?.cast_unsigned(),
        _ => u8::try_from(value).ok()?,
    };
    Some((byte, sign + count))
}

/// How much of the text stands between a number that ends here and the next one.
fn between(text: &[u8], start: usize, base: Base) -> usize {
    let mut at = start;
    while let Some(byte) = text.get(at).copied().filter(|_| at - start < MOST_BETWEEN) {
        if separates(byte, base) {
            at += 1;
            continue;
        }
        let mut taken = 0;
        if is_special(byte) {
            escapes(text, at, |bytes, length| {
                if matches!(bytes, [byte] if separates(*byte, base)) {
                    taken = length;
                }
            });
        }
        if taken == 0 {
            break;
        }
        at += taken;
    }
    at - start
}

const fn separates(byte: u8, base: Base) -> bool {
    match byte {
        b',' | b' ' | b'\n' | b'\r' | b'\t' | b';' | b'+' => true,
        b':' | b'-' => matches!(base, Base::Sixteen),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::each_row;

    fn rows(text: &str) -> Vec<String> {
        let mut rows = Vec::new();
        each_row(text.as_bytes(), |row| {
            let (bytes, _) = row.bytes.split_at(row.places.len());
            let place = row.place(&(0..row.places.len())).unwrap();
            rows.push(format!("{} at {}", bytes.escape_ascii(), text.get(place).unwrap()));
        });
        rows
    }

    #[test]
    fn reads_what_languages_print_of_bytes() {
        let java: Vec<i8> = "hé!x".bytes().map(u8::cast_signed).collect();
        for (text, bytes, place) in [
            (format!("got {:?}.", b"hunt"), "hunt", "104, 117, 110, 116"),
            (format!("{:#?}", b"hunt"), "hunt", "104,\n    117,\n    110,\n    116"),
            (serde_json::json!(b"hunt").to_string(), "hunt", "104,117,110,116"),
            (format!("{:x?}", b"hun\n"), "hun\\n", "68, 75, 6e, a"),
            ("[104 117 110 116]".to_owned(), "hunt", "104 117 110 116"),
            (format!("{java:?}"), "h\\xc3\\xa9!x", "104, -61, -87, 33, 120"),
            ("68:75:6E:74".to_owned(), "hunt", "68:75:6E:74"),
            ("68-75-6e-74".to_owned(), "hunt", "68-75-6e-74"),
            ("<Buffer 68 75 6e 74>".to_owned(), "hunt", "68 75 6e 74"),
            ("{0x68, 0x75, 0x6E, 0x74}".to_owned(), "hunt", "0x68, 0x75, 0x6E, 0x74"),
            ("104%2C%20117,+110%2c116".to_owned(), "hunt", "104%2C%20117,+110%2c116"),
            (
                format!("{:?}", format!("{:#?}", b"hunt")),
                "hunt",
                "104,\\n    117,\\n    110,\\n    116",
            ),
        ] {
            let rows = rows(&text);
            assert!(rows.contains(&format!("{bytes} at {place}")), "{text}: {rows:?}");
        }
    }

    #[test]
    fn numbers_that_are_no_bytes_are_none() {
        for text in [
            "104, 117, 110",
            "104.117.110.116",
            "v104, v117, v110, v116",
            "1040, 1170, 1100, 1160",
            "256, 256, 256, 256",
            "-129, -129, -129, -129",
            "104u8, 117u8, 110u8, 116u8",
            "2026-11-27T10:20:30Z",
            "68zz 75zz 6ezz 74zz",
            "",
        ] {
            assert_eq!(rows(text), Vec::<String>::new(), "{text}");
        }
        // A number that is none ends a row.
        assert_eq!(rows("1, 2, 300, 3, 4"), Vec::<String>::new());
    }
}
