//! Every word an attribute may hold, once: `connector.rs` has those of the attribute, `derive.rs` those of the derives.
//! The parser looks words up here, and the messages quote them from here.
//! No parsing and no message may come in here.

pub(crate) mod connector;
pub(crate) mod derive;

use std::fmt::{Debug, Display};

use proc_macro2::TokenTree;

/// A word that may stand in the argument list of an attribute.
pub(crate) trait Word: Copy + Eq + Debug + Display + 'static {
    fn word(self) -> &'static str;

    /// A value to show in a message, as it would be written.
    fn example(self) -> &'static str;

    fn shape(self) -> Shape {
        Shape::Value
    }

    /// What was probably meant by something behind a complete value.
    fn after_value(self, found: &TokenTree) -> Option<&'static str> {
        let _ = found;
        None
    }
}

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `word = value`.
    Value,
    /// `word`.
    Flag,
    /// `word` or `word = value`.
    Either,
}

/// The words of one attribute in one place.
pub(crate) struct Vocabulary<W: 'static> {
    /// The attribute's name.
    pub(crate) attribute: &'static str,
    /// Words the attribute has anywhere.
    pub(crate) known: &'static [W],
    /// Words it has in this place.
    pub(crate) legal: &'static [W],
    /// The word a bare string was probably meant for.
    pub(crate) for_text: Option<W>,
    /// The place in words, if the words depend on it: "on a field".
    pub(crate) place: Option<&'static str>,
}

impl<W: Word> Vocabulary<W> {
    pub(crate) fn find(&self, word: &str) -> Option<W> {
        self.known.iter().copied().find(|known| known.word() == word)
    }

    /// The word that was probably meant by one that is none.
    pub(crate) fn nearest(&self, word: &str) -> Option<W> {
        let plain = plain(word);
        let legal = || self.legal.iter().copied();
        let same = |other: &W| self::plain(other.word()) == plain;
        // `type` for `task_type`, `metadata` for `meta`: one of the two starts or ends the other.
        let akin = |other: &W| {
            let other = self::plain(other.word());
            let (short, long) =
                if plain.len() < other.len() { (&plain, &other) } else { (&other, &plain) };
            short.len() >= 3 && (long.starts_with(short.as_str()) || long.ends_with(short.as_str()))
        };
        let close = || {
            legal()
                .map(|other| (distance(&plain, &self::plain(other.word())), other))
                .filter(|(distance, other)| {
                    *distance <= (plain.len().max(other.word().len()) / 3).max(1)
                })
                .min_by_key(|(distance, _)| *distance)
                .map(|(_, other)| other)
        };
        legal().find(same).or_else(close).or_else(|| legal().find(akin))
    }

    /// All words as a sentence lists them: "the arguments are `a`, `b` and `c`".
    pub(crate) fn list(&self) -> String {
        let place = self.place.map_or_else(String::new, |place| format!(" {place}"));
        match self.legal {
            [] => format!("`#[{}]` has no arguments{place}", self.attribute),
            [only] => format!("the one argument{place} is `{only}`"),
            [first @ .., last] => {
                let first: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
                format!("the arguments{place} are {} and `{last}`", first.join(", "))
            }
        }
    }
}

/// Without what spelling conventions add: case, underscores, the plural.
fn plain(word: &str) -> String {
    let word = word.trim_start_matches("r#").trim_end_matches('s');
    word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// How many letters must be added, removed, changed or swapped with their neighbour to get from one
/// word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut row_before: Vec<usize> = Vec::new();
    let mut letter_before = None;
    for (line, letter) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for (place, other) in to.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let swapped = match place.checked_sub(1) {
                Some(left) if letter_before == Some(*other) && to.get(left) == Some(&letter) => {
                    at(&row_before, left).saturating_add(1)
                }
                _ => usize::MAX,
            };
            let added = at(&next, place).saturating_add(1);
            let removed = at(&row, place + 1).saturating_add(1);
            let changed = at(&row, place).saturating_add(usize::from(letter != *other));
            next.push(swapped.min(added).min(removed).min(changed));
        }
        letter_before = Some(letter);
        row_before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn counts_edits() {
        for (from, to, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("version", "versoin", 1),
            ("value", "vlaue", 1),
            ("ab", "ba", 1),
            ("abc", "cab", 2),
            ("default", "defualtx", 2),
            ("meta", "meta", 0),
        ] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
        }
    }
}
