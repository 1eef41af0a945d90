//! Where a text was cut off: a secret of which only the beginning is left leaks that much.
//! `needle` asks for the place after what it found. How much has to be there counts here, too.

/// How far from the secret a sign of the cut may stand: brackets and quotes come between.
const MOST_CLOSERS: usize = 8;
/// What stands for a part that was left out.
const ELLIPSES: [&[u8]; 6] =
    [b"...", "…".as_bytes(), b"\\u2026", b"\\xe2\\x80\\xa6", b"%E2%80%A6", b"&hellip;"];
/// The same in words, after a bracket.
const WORDS: [&[u8]; 4] = [b"truncated", b"cut", b"snip", b"omitted"];

/// Whether so many bytes are the beginning of a secret of that length, and the rest was cut off at
/// this place of the text.
///
/// A sign that something was left out makes a few bytes enough; at the mere end of a text or a line a
/// word of it could be meant, so more are needed. Who shows four bytes of a token does so on purpose.
pub(super) fn is_cut(shown: usize, length: usize, text: &[u8], at: usize) -> bool {
    let with_ellipsis = shown >= (length / 3).clamp(4, 8);
    if !with_ellipsis || shown >= length {
        return false;
    }
    let rest = text.get(at..).unwrap_or_default();
    let closers = rest.iter().take(MOST_CLOSERS).take_while(|byte| closes(**byte)).count();
    for skipped in 0..=closers {
        let rest = rest.get(skipped..).unwrap_or_default();
        let opened = skipped > 0 && matches!(text.get(at + skipped - 1), Some(b'(' | b'[' | b'<'));
        if begins_with_any(rest, &ELLIPSES) || opened && begins_with_any(rest, &WORDS) {
            return true;
        }
    }
    let is_end = matches!(rest.get(closers), None | Some(b'\n' | b'\r'));
    is_end && shown >= (length * 3 / 4).clamp(8, 16)
}

const fn closes(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\\' | b'.' | b',' | b';')
        || matches!(byte, b'(' | b'[' | b'<' | b')' | b']' | b'>' | b'}')
}

fn begins_with_any(text: &[u8], beginnings: &[&[u8]]) -> bool {
    beginnings.iter().any(|beginning| {
        text.get(..beginning.len()).is_some_and(|text| text.eq_ignore_ascii_case(beginning))
    })
}

#[cfg(test)]
mod tests {
    use super::is_cut;

    #[test]
    fn little_is_enough_where_something_was_left_out() {
        for rest in ["...", "…", " ...", "\"...", "[...]", " (truncated)", "\\u2026\"", "'...)"] {
            assert!(is_cut(8, 40, rest.as_bytes(), 0), "{rest}");
            assert!(!is_cut(7, 40, rest.as_bytes(), 0), "{rest}");
            assert!(is_cut(4, 12, rest.as_bytes(), 0), "{rest}");
            assert!(!is_cut(3, 8, rest.as_bytes(), 0), "{rest}");
        }
    }

    #[test]
    fn at_the_end_of_a_text_or_line_more_is_needed() {
        for rest in ["", "\"", "')", "\n", ".\nnext", "\"}]}"] {
            assert!(is_cut(16, 40, rest.as_bytes(), 0), "{rest}");
            assert!(!is_cut(15, 40, rest.as_bytes(), 0), "{rest}");
            assert!(is_cut(9, 12, rest.as_bytes(), 0), "{rest}");
            assert!(!is_cut(6, 8, rest.as_bytes(), 0), "{rest}");
        }
        for rest in ["x", " and more", "......... nothing"] {
            assert_eq!(is_cut(39, 40, rest.as_bytes(), 0), rest.starts_with("..."), "{rest}");
        }
        assert!(!is_cut(40, 40, b"...", 0), "all of it is there");
    }
}
