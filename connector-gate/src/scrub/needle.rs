//! One form of one secret, to be found at a place of a text: the value itself, its hex, its base64.
//! `index` keeps these by how they begin. The forms are worked out byte by byte, so that a long
//! secret is kept once; what else of a secret is looked for says `parts`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::cut::is_cut;
use super::effort::Effort;
use super::spelling::{escapes, is_special, line_break};

/// How many bytes of a needle's beginning it is kept by; no needle is shorter.
pub(super) const KEY_BYTES: usize = 4;

/// How a needle begins, folded.
pub(super) type Key = [u8; KEY_BYTES];

/// A form that a secret can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The value as it is.
    Plain,
    /// Two hex digits per byte.
    Hex,
    /// Base64 of a longer text, where this many bytes modulo 3 stand before the value.
    Base64 {
        /// From 0 to 2.
        before: usize,
    },
}

impl Form {
    pub(super) const ALL: [Self; 5] = [
        Self::Plain,
        Self::Hex,
        Self::Base64 { before: 0 },
        Self::Base64 { before: 1 },
        Self::Base64 { before: 2 },
    ];
}

/// One form of a secret.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    pub(super) value: Arc<str>,
    pub(super) form: Form,
}

/// Makes bytes equal that count as equal in some form: letters of both cases, the two alphabets of
/// base64, and what stands for a space in a URL.
pub(super) const fn fold(byte: u8) -> u8 {
    match byte {
        b'-' | b' ' => b'+',
        b'_' => b'/',
        other => other.to_ascii_lowercase(),
    }
}

impl Needle {
    /// How it begins.
    pub(super) fn key(&self) -> Option<Key> {
        let mut key = [0; KEY_BYTES];
        for (at, slot) in key.iter_mut().enumerate() {
            *slot = fold(self.byte(at)?);
        }
        Some(key)
    }

    /// The part of the text that this needle takes up, if it begins at this place.
    pub(super) fn find_at(
        &self,
        text: &[u8],
        start: usize,
        effort: &mut Effort,
    ) -> Option<Range<usize>> {
        let mut longest = None;
        // How much of the needle is found, and where its rest would have to stand.
        let mut states = BTreeSet::from([(0, start)]);
        while let Some((mut found, mut at)) = states.pop_first() {
            while effort.spend() {
                let Some(wanted) = self.byte(found) else {
                    longest = longest.max(Some(at));
                    break;
                };
                let Some(byte) = text.get(at).copied() else {
                    longest = longest.max(self.cut_off(found, text, at));
                    break;
                };
                if is_special(byte) {
                    let wraps = found > 0 && self.form != Form::Plain;
                    if wraps && let Some(taken) = line_break(text, at) {
                        at += taken;
                        continue;
                    }
                    effort.spend_on_escape();
                    escapes(text, at, |bytes, taken| {
                        if self.goes_on(found, bytes) {
                            states.insert((found + bytes.len(), at + taken));
                        } else if wraps && matches!(bytes, b"\n" | b"\r") {
                            states.insert((found, at + taken));
                        }
                    });
                }
                if !self.equal(wanted, byte) {
                    longest = longest.max(self.cut_off(found, text, at));
                    break;
                }
                found += 1;
                at += 1;
            }
        }
        Some(self.widened(text, start..longest?))
    }

    /// Where what was found ends, if it is the beginning of a needle whose rest was cut off.
    fn cut_off(&self, found: usize, text: &[u8], at: usize) -> Option<usize> {
        let shown = match self.form {
            Form::Plain => found,
            Form::Hex => found / 2,
            Form::Base64 { .. } => found * 6 / 8,
        };
        let ends = |at| is_cut(shown, self.value.len(), text, at).then_some(at);
        match self.form {
            Form::Plain | Form::Hex => ends(at),
            // The last digit holds bits of what would follow, and padding may have been made up.
            Form::Base64 { .. } => ends(at).or_else(|| {
                let digit = past(text, at, is_base64);
                ends(digit).or_else(|| ends(past(text, past(text, digit, is_padding), is_padding)))
            }),
        }
    }

    /// The byte at an index, `None` from the end on.
    fn byte(&self, index: usize) -> Option<u8> {
        let value = self.value.as_bytes();
        match self.form {
            Form::Plain => value.get(index).copied(),
            Form::Hex => {
                let byte = value.get(index / 2)?;
                let digit = if index.is_multiple_of(2) { byte >> 4 } else { byte & 0xf };
                b"0123456789abcdef".get(usize::from(digit)).copied()
            }
            Form::Base64 { before } => {
                // Digits that the bytes around have a share in are left out here; see `widened`.
                let bits = (before * 8).next_multiple_of(6) - before * 8 + index * 6;
                if bits + 6 > value.len() * 8 {
                    return None;
                }
                let first = u16::from(*value.get(bits / 8)?) << 8;
                let both = first | value.get(bits / 8 + 1).copied().map_or(0, u16::from);
                let digit = (both >> (10 - bits % 8)) & 0x3f;
                BASE64.get(usize::from(digit)).copied()
            }
        }
    }

    fn goes_on(&self, found: usize, bytes: &[u8]) -> bool {
        bytes.iter().enumerate().all(|(offset, byte)| {
            self.byte(found + offset).is_some_and(|wanted| self.equal(wanted, *byte))
        })
    }

    const fn equal(&self, wanted: u8, byte: u8) -> bool {
        match self.form {
            Form::Plain => byte == wanted || byte == b'+' && wanted == b' ',
            Form::Hex => byte.eq_ignore_ascii_case(&wanted),
            Form::Base64 { .. } => match wanted {
                b'+' => matches!(byte, b'+' | b'-' | b' '),
                b'/' => matches!(byte, b'/' | b'_'),
                _ => byte == wanted,
            },
        }
    }

    /// Takes along the digits of base64 that hold only some bits of the secret, and the padding.
    fn widened(&self, text: &[u8], mut found: Range<usize>) -> Range<usize> {
        let Form::Base64 { before } = self.form else { return found };
        let left = found.start.checked_sub(1);
        if before > 0
            && let Some(left) = left
            && text.get(left).copied().is_some_and(is_base64)
        {
            found.start = left;
        }
        if !(before + self.value.len()).is_multiple_of(3) {
            found.end = past(text, found.end, is_base64);
            for _ in 0..2 {
                found.end = past(text, found.end, is_padding);
            }
        }
        found
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

const fn is_padding(byte: u8) -> bool {
    byte == b'='
}

/// Where the text goes on after a byte of that kind, however it is spelled.
fn past(text: &[u8], at: usize, kind: impl Fn(u8) -> bool) -> usize {
    if text.get(at).copied().is_some_and(&kind) {
        return at + 1;
    }
    let mut end = at;
    escapes(text, at, |bytes, taken| {
        if matches!(bytes, [byte] if kind(*byte)) {
            end = at + taken;
        }
    });
    end
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::{Effort, Form, Needle};

    fn found(form: Form, value: &str, text: &str) -> Option<String> {
        let needle = Needle { value: value.into(), form };
        (0..text.len()).find_map(|at| {
            let range =
                needle.find_at(text.as_bytes(), at, &mut Effort::for_text(text.as_bytes()))?;
            text.get(range).map(str::to_owned)
        })
    }

    #[test]
    fn base64_is_found_at_each_alignment_with_the_digits_at_its_edges() {
        // The base64 of `hunter2!`, `u:hunter2!` and `me:hunter2!x`.
        for (before, text, taken) in [
            (0, "Basic aHVudGVyMiE= end", "aHVudGVyMiE="),
            (2, "Basic dTpodW50ZXIyIQ== end", "podW50ZXIyIQ=="),
            // The last digit belongs to the `x` alone.
            (0, "Basic bWU6aHVudGVyMiF4 end", "aHVudGVyMiF"),
        ] {
            let form = Form::Base64 { before };
            assert_eq!(found(form, "hunter2!", text).as_deref(), Some(taken), "{text}");
        }
    }

    #[test]
    fn base64_may_be_wrapped_and_of_either_alphabet() {
        let form = Form::Base64 { before: 0 };
        // The base64 of `>>>???>>>???` is `Pj4+Pz8/Pj4+Pz8/`.
        for text in [
            "Pj4+Pz8/Pj4+Pz8/",
            "Pj4-Pz8_Pj4-Pz8_",
            "Pj4%2BPz8%2FPj4+Pz8/",
            "Pj4+Pz8/\r\n  Pj4+Pz8/",
        ] {
            assert_eq!(found(form, ">>>???>>>???", text).as_deref(), Some(text));
        }
    }

    #[test]
    fn plain_values_are_exact_and_hex_is_of_either_case() {
        assert_eq!(found(Form::Plain, "Hunter2", "hunter2"), None);
        assert_eq!(found(Form::Plain, "a b+c", "a+b%2Bc").as_deref(), Some("a+b%2Bc"));
        assert_eq!(found(Form::Hex, "JKLM", "x4A4b4C4d").as_deref(), Some("4A4b4C4d"));
    }
}
