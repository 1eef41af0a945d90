//! The ways in which a byte can be spelled in a text: percent-encoded, escaped with backslashes, as an
//! entity of XML. `index` and `needle` read texts through it.
//! It says what may stand there; whether that is part of a secret is not its business.

/// How many backslashes are looked through. Seven stand before a quote that was escaped three times.
const MOST_BACKSLASHES: usize = 8;
/// How much white space may follow a line break inside wrapped base64.
const MOST_INDENTATION: usize = 32;

/// Whether another spelling than the byte itself may begin with this byte, or a line may end in it.
pub(super) const fn is_special(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'\n' | b'\r')
}

/// Calls `visit` with every reading of an escape at this place: the bytes it stands for, and how
/// much of the text it takes. The plain reading, one byte for itself, is left to the caller.
///
/// What was escaped twice or thrice is read as well, so there may be several readings.
pub(super) fn escapes(text: &[u8], at: usize, mut visit: impl FnMut(&[u8], usize)) {
    match text.get(at) {
        Some(b'%') => percent(text, at, visit),
        Some(b'\\') => backslash(text, at, visit),
        Some(b'&') => {
            if let Some((character, taken)) = entity(text, at) {
                visit(character.encode_utf8(&mut [0; 4]).as_bytes(), taken);
            }
        }
        _ => {}
    }
}

/// The length of a line break at this place with the indentation after it, if there is one.
pub(super) fn line_break(text: &[u8], at: usize) -> Option<usize> {
    let ends = match (text.get(at), text.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(b'\n' | b'\r'), _) => 1,
        _ => return None,
    };
    let rest = text.get(at + ends..).unwrap_or_default();
    let indented =
        rest.iter().take(MOST_INDENTATION).take_while(|byte| matches!(byte, b' ' | b'\t'));
    Some(ends + indented.count())
}

/// `%2F`, and `%252F` where it was encoded again.
fn percent(text: &[u8], at: usize, mut visit: impl FnMut(&[u8], usize)) {
    let mut end = at + 1;
    while let Some(byte) = hex_pair(text, end) {
        end += 2;
        visit(&[byte], end - at);
        if byte != b'%' {
            break;
        }
    }
}

/// The escapes of JSON, of Rust's and Python's debug output and of shells, each possibly escaped
/// again, which only makes the run of backslashes longer.
fn backslash(text: &[u8], at: usize, mut visit: impl FnMut(&[u8], usize)) {
    let run = text.get(at..).unwrap_or_default();
    let run = run.iter().take(MOST_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    for backslashes in [2, 4, 8] {
        if run >= backslashes {
            visit(b"\\", backslashes);
        }
    }
    let named = match text.get(at + run) {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'0'..=b'3') if octal(text, at + run).is_some() => {
            if let Some(byte) = octal(text, at + run) {
                visit(&[byte], run + 3);
            }
            return;
        }
        Some(b'0') => 0,
        Some(b'x') => {
            if let Some(byte) = hex_pair(text, at + run + 1) {
                visit(&[byte], run + 3);
            }
            return;
        }
        Some(b'u') => {
            if let Some((character, taken)) = unicode(text, at, run) {
                visit(character.encode_utf8(&mut [0; 4]).as_bytes(), taken);
            }
            return;
        }
        Some(byte) if byte.is_ascii_punctuation() || *byte == b' ' => *byte,
        _ => return,
    };
    visit(&[named], run + 1);
}

/// `\u00e9`, a surrogate pair of two such, or `\u{e9}`; the `u` stands `run` behind `at`.
fn unicode(text: &[u8], at: usize, run: usize) -> Option<(char, usize)> {
    let digits = at + run + 1;
    if text.get(digits) == Some(&b'{') {
        let inside = text.get(digits + 1..)?;
        let length = inside.iter().take(7).position(|byte| *byte == b'}')?;
        let character = char::from_u32(number(inside.get(..length)?, 16)?)?;
        return Some((character, run + 3 + length));
    }
    let first = number(text.get(digits..digits + 4)?, 16)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, run + 5));
    }
    let second = digits + 4;
    let escaped = text.get(second..second + run)?.iter().all(|byte| *byte == b'\\');
    if !escaped || text.get(second + run) != Some(&b'u') {
        return None;
    }
    let low = number(text.get(second + run + 1..second + run + 5)?, 16)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(low).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, 2 * (run + 5)))
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn entity(text: &[u8], at: usize) -> Option<(char, usize)> {
    let inside = text.get(at + 1..)?;
    let length = inside.iter().take(10).position(|byte| *byte == b';')?;
    let character = match inside.get(..length)? {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((character, length + 2))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        number.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)
    })
}

/// Three digits, as C and the text form of protobuf have them.
fn octal(text: &[u8], at: usize) -> Option<u8> {
    u8::try_from(number(text.get(at..at + 3)?, 8)?).ok()
}

fn hex_pair(text: &[u8], at: usize) -> Option<u8> {
    u8::try_from(number(text.get(at..at + 2)?, 16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{escapes, line_break};

    fn readings(text: &str) -> Vec<(String, usize)> {
        let mut readings = Vec::new();
        escapes(text.as_bytes(), 0, |bytes, taken| {
            readings.push((String::from_utf8_lossy(bytes).into_owned(), taken));
        });
        readings
    }

    #[test]
    fn reads_what_encoders_write() {
        for (text, character, taken) in [
            ("%2Fx", "/", 3),
            ("%2fx", "/", 3),
            ("\\n", "\n", 2),
            ("\\\\\\\"", "\"", 4),
            ("\\/", "/", 2),
            ("\\x41", "A", 4),
            ("\\101", "A", 4),
            ("\\0", "\0", 2),
            ("\\08", "\0", 2),
            ("\\u0041", "A", 6),
            ("\\u00e9", "é", 6),
            ("\\\\u00E9", "é", 7),
            ("\\u{1f600}", "😀", 9),
            ("\\ud83d\\ude00", "😀", 12),
            ("\\\\ud83d\\\\ude00", "😀", 14),
            ("&amp;", "&", 5),
            ("&#39;", "'", 5),
            ("&#x27;", "'", 6),
        ] {
            let readings = readings(text);
            assert!(readings.contains(&(character.to_owned(), taken)), "{text}: {readings:?}");
        }
        assert_eq!(readings("%25252F").last(), Some(&("/".to_owned(), 7)));
    }

    #[test]
    fn nothing_is_read_into_broken_escapes() {
        for text in ["%", "%2", "%zz", "\\", "\\u12", "\\u{110000}", "\\ud83d", "&", "&amp", "&#;"]
        {
            assert_eq!(readings(text), Vec::new(), "{text}");
        }
        assert_eq!(readings("&#99999999;"), Vec::new());
    }

    #[test]
    fn line_breaks_take_their_indentation() {
        assert_eq!(line_break(b"\r\n  x", 0), Some(4));
        assert_eq!(line_break(b"\nx", 0), Some(1));
        assert_eq!(line_break(b"x", 0), None);
    }
}
