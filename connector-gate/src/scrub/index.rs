//! Secrets and how they begin: finds every form of every secret in a text, in one pass.
//! `Scrubber` has one for a call, `KnownSecrets` one for the process.
//! Values come and go one at a time; nothing is ever rebuilt.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::effort::Effort;
use super::needle::{Form, KEY_BYTES, Key, Needle, fold};
use super::numbers::each_row;
use super::parts::{Part, parts};
use super::spelling::{escapes, is_special, line_break};

/// What stands in place of a secret.
pub(super) const STARS: &str = "***";
/// What stands in place of a text that is too costly to look through.
const WITHHELD: &str = "*** (withheld: looking for secrets in this text would take too long)";

/// A text would take too long to look through.
#[derive(Debug)]
pub(super) struct TooCostly;

/// Needles by how they begin.
#[derive(Debug)]
pub(super) struct Index {
    needles: HashMap<Key, Vec<Needle>>,
    /// One bit per hashed key: most places of a text are passed over after one look here.
    filter: Vec<u64>,
}

impl Index {
    /// An empty index whose filter has 2 to the power of `bits` bits, at least 64.
    pub(super) fn new(bits: u32) -> Self {
        Self { needles: HashMap::new(), filter: vec![0; 1 << bits.saturating_sub(6)] }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Looks for this value from now on.
    pub(super) fn insert(&mut self, value: &str) {
        for needle in needles(value) {
            let Some(key) = needle.key() else { continue };
            let (word, bit) = self.bit(u32::from_be_bytes(key));
            if let Some(word) = self.filter.get_mut(word) {
                *word |= bit;
            }
            let same = self.needles.entry(key).or_default();
            // A value can be a part of another one; each counts by itself, so that either may go.
            same.push(needle);
        }
    }

    /// Does not look for this value any more. Its bits in the filter stay, which costs time only.
    pub(super) fn remove(&mut self, value: &str) {
        for needle in needles(value) {
            let Some(key) = needle.key() else { continue };
            let Some(same) = self.needles.get_mut(&key) else { continue };
            let is_it = |kept: &Needle| kept.form == needle.form && kept.value == needle.value;
            if let Some(at) = same.iter().position(is_it) {
                same.swap_remove(at);
            }
            if same.is_empty() {
                self.needles.remove(&key);
            }
        }
    }

    /// The text with stars in place of secrets; `None` if there are none in it.
    pub(super) fn scrubbed(&self, text: &str) -> Option<String> {
        self.scrubbed_with(None, text)
    }

    /// The same for the secrets of two indexes at once, as those of one may overlap the other's.
    pub(super) fn scrubbed_with(&self, other: Option<&Self>, text: &str) -> Option<String> {
        let found = match self.found_with(other, text.as_bytes()) {
            Ok(found) if found.is_empty() => return None,
            Ok(found) => found,
            Err(TooCostly) => return Some(WITHHELD.to_owned()),
        };
        // Needles begin and end between characters; were that ever wrong, nothing must come out.
        Some(starred(text, &found).unwrap_or_else(|| WITHHELD.to_owned()))
    }

    /// Every place where a needle of one of the two stands, sorted by where it begins: as text, or shown
    /// byte by byte.
    pub(super) fn found_with(
        &self,
        other: Option<&Self>,
        text: &[u8],
    ) -> Result<Vec<Range<usize>>, TooCostly> {
        let mut effort = Effort::for_text(text);
        let mut found = Vec::new();
        let both = || [Some(self), other].into_iter().flatten();
        both().for_each(|index| index.find(text, &mut effort, &mut found));
        each_row(text, |row| {
            let mut in_row = Vec::new();
            both().for_each(|index| index.find(&row.bytes, &mut effort, &mut in_row));
            found.extend(in_row.iter().filter_map(|range| row.place(range)));
        });
        if effort.is_spent() {
            return Err(TooCostly);
        }
        found.sort_unstable_by_key(|range| range.start);
        Ok(found)
    }

    /// Every place where a needle stands. Overlapping ones are all found: where one secret begins
    /// inside another, nothing of either may stay.
    fn find(&self, text: &[u8], effort: &mut Effort, found: &mut Vec<Range<usize>>) {
        // The last four bytes, folded, and the place after the last byte that can be an escape.
        let mut window = 0_u32;
        let mut plain_from = 0;
        for (end, byte) in (1_usize..).zip(text.iter().copied()) {
            window = window << 8 | u32::from(fold(byte));
            if is_special(byte) {
                plain_from = end;
            }
            if effort.is_spent() {
                break;
            }
            let Some(start) = end.checked_sub(KEY_BYTES) else { continue };
            if start >= plain_from {
                if self.may_hold(window) {
                    self.try_key(window.to_be_bytes(), text, start, effort, found);
                }
            } else {
                self.try_spellings(text, start, effort, found);
            }
        }
    }

    fn try_key(
        &self,
        key: Key,
        text: &[u8],
        start: usize,
        effort: &mut Effort,
        found: &mut Vec<Range<usize>>,
    ) {
        for needle in self.needles.get(&key).into_iter().flatten() {
            found.extend(needle.find_at(text, start, effort));
        }
    }

    /// Tries every way to read the beginning of a needle at this place.
    fn try_spellings(
        &self,
        text: &[u8],
        start: usize,
        effort: &mut Effort,
        found: &mut Vec<Range<usize>>,
    ) {
        let mut open = vec![(start, [0; KEY_BYTES], 0)];
        let mut tried = Vec::new();
        while let Some((at, key, read)) = open.pop() {
            if read == KEY_BYTES {
                if self.may_hold(u32::from_be_bytes(key)) && !tried.contains(&key) {
                    tried.push(key);
                    self.try_key(key, text, start, effort, found);
                }
                continue;
            }
            let (true, Some(byte)) = (effort.spend(), text.get(at).copied()) else { continue };
            open.push((at + 1, with(key, read, &[byte]), read + 1));
            if is_special(byte) {
                // Base64 may be wrapped right after its first digits.
                if read > 0
                    && let Some(taken) = line_break(text, at)
                {
                    open.push((at + taken, key, read));
                }
                effort.spend_on_escape();
                escapes(text, at, |bytes, taken| {
                    let filled = (read + bytes.len()).min(KEY_BYTES);
                    open.push((at + taken, with(key, read, bytes), filled));
                    if read > 0 && matches!(bytes, b"\n" | b"\r") {
                        open.push((at + taken, key, read));
                    }
                });
            }
        }
    }

    fn may_hold(&self, key: u32) -> bool {
        let (word, bit) = self.bit(key);
        self.filter.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Where the filter has the bit of a key.
    const fn bit(&self, key: u32) -> (usize, u64) {
        // Multiplying by this odd number spreads keys over the upper bits.
        let hash = (key.wrapping_mul(0x9E37_79B1) >> 8) as usize;
        (hash / 64 % self.filter.len(), 1 << (hash % 64))
    }
}

/// The text with stars in place of these ranges, which are sorted by their beginning.
fn starred(text: &str, ranges: &[Range<usize>]) -> Option<String> {
    let mut starred = String::with_capacity(text.len());
    let mut done = 0;
    for Range { start, end } in ranges.iter().cloned() {
        // Secrets that overlap or touch share their stars.
        if start > done || done == 0 {
            starred.push_str(text.get(done..start)?);
            starred.push_str(STARS);
        }
        done = done.max(end);
    }
    starred.push_str(text.get(done..)?);
    Some(starred)
}

/// A key with more bytes read into it, as many as fit.
fn with(mut key: Key, read: usize, bytes: &[u8]) -> Key {
    for (slot, byte) in key.iter_mut().skip(read).zip(bytes) {
        *slot = fold(*byte);
    }
    key
}

/// Everything to look for because of one value.
fn needles(value: &str) -> impl Iterator<Item = Needle> {
    parts(value).into_iter().flat_map(|Part { text, encoded }| {
        let value: Arc<str> = text.into();
        let forms: &[Form] = if encoded { &Form::ALL } else { &[Form::Plain] };
        forms.iter().map(move |form| Needle { value: Arc::clone(&value), form: *form })
    })
}
