//! Argument lists, whatever attribute they belong to: `word = value`, one after the other.
//! `connector/args.rs` and `derive/attribute.rs` hand in tokens and get words and values back, one by one.
//! What a value may be is decided there; `value.rs` has what both need.

pub(crate) mod split;
pub(crate) mod value;

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};

use self::split::{Piece, is_punct, split_arguments, starts_equals_sign};
use crate::diag::{Diagnostic, Errors, argument};
use crate::words::{Shape, Vocabulary, Word};

/// A word that was given, and its value; a flag has none.
pub(crate) struct Given<'a, W> {
    pub(crate) word: W,
    pub(crate) key: &'a Ident,
    pub(crate) value: Option<TokenStream>,
}

/// Reads argument lists; what several attributes of one item say counts as one list.
pub(crate) struct Reading<W> {
    seen: Vec<W>,
    /// What misspelt arguments were taken for.
    guessed: Vec<W>,
    /// Something that could not be read may have been any argument.
    unreadable: bool,
}

// Derived, it would ask for `W: Default`.
impl<W> Default for Reading<W> {
    fn default() -> Self {
        Self { seen: Vec::new(), guessed: Vec::new(), unreadable: false }
    }
}

/// What an attribute does with what is read.
pub(crate) trait Reader<W: Word> {
    /// Takes a word and its value, and reports what is wrong with the value.
    fn take(&mut self, given: Given<'_, W>, errors: &mut Errors);

    /// The message about a word that was there before.
    fn duplicate(&self, word: W, key: &Ident) -> Diagnostic {
        argument::duplicate_argument(word, key)
    }

    /// The message about a word that the attribute has, though not in this place.
    fn elsewhere(&self, word: W, key: &Ident, vocabulary: &Vocabulary<W>) -> Diagnostic {
        let _ = word;
        argument::unknown_argument(key, None, vocabulary)
    }
}

impl<W: Word> Reading<W> {
    /// Whether the argument may have been given, legal or not.
    pub(crate) fn mentions(&self, word: W) -> bool {
        self.unreadable || self.seen.contains(&word) || self.guessed.contains(&word)
    }

    /// Reads a whole list; each mistake is reported and the rest is still read.
    pub(crate) fn parse_list(
        &mut self,
        tokens: TokenStream,
        vocabulary: &Vocabulary<W>,
        reader: &mut dyn Reader<W>,
        errors: &mut Errors,
    ) {
        let mut list = List { reading: self, vocabulary, reader, errors };
        for piece in split_arguments(tokens, vocabulary) {
            match piece {
                Piece::Tokens(tokens) => list.parse_argument(&tokens),
                Piece::CommaMissing(tokens) => {
                    tokens.first().map(|next| list.errors.push(argument::missing_comma(next)));
                    list.parse_argument(&tokens);
                }
                Piece::Nothing(comma) => {
                    list.errors.push(argument::syntax_extra_comma(&comma));
                }
                Piece::Semicolon(sign) => {
                    list.errors.push(argument::syntax_semicolon(&sign));
                }
            }
        }
    }
}

/// One list while it is read.
struct List<'a, W: Word> {
    reading: &'a mut Reading<W>,
    vocabulary: &'a Vocabulary<W>,
    reader: &'a mut dyn Reader<W>,
    errors: &'a mut Errors,
}

impl<W: Word> List<'_, W> {
    // Accepted: `word = value`, and `word` alone if it is a flag. Everything else is a mistake,
    // with a message of its own.
    fn parse_argument(&mut self, tokens: &[TokenTree]) {
        let Some((first, rest)) = tokens.split_first() else {
            return;
        };
        let TokenTree::Ident(key) = first else {
            self.reading.unreadable = true;
            self.errors.push(argument::syntax_not_an_argument(first, self.vocabulary));
            return;
        };
        let Some(word) = self.vocabulary.find(&key.to_string()) else {
            self.parse_unknown(key, rest);
            return;
        };
        if !self.vocabulary.legal.contains(&word) {
            self.errors.push(self.reader.elsewhere(word, key, self.vocabulary));
            return;
        }
        if self.reading.seen.contains(&word) {
            self.errors.push(self.reader.duplicate(word, key));
            return;
        }
        self.reading.seen.push(word);
        match (rest, word.shape()) {
            ([], Shape::Flag | Shape::Either) => self.take(word, key, None),
            ([], Shape::Value) => {
                self.errors.push(argument::missing_value(word, key));
            }
            ([_, ..], Shape::Flag) => {
                self.errors.push(argument::syntax_value_of_flag(word, rest));
                self.guess(word, key, None);
            }
            ([_, ..], Shape::Value | Shape::Either) => self.parse_value(word, key, rest),
        }
    }

    fn parse_value(&mut self, word: W, key: &Ident, rest: &[TokenTree]) {
        match rest {
            [] => {}
            [sign] if is_punct(sign, '=') => {
                self.errors.push(argument::missing_value(word, key));
            }
            [_, value @ ..] if starts_equals_sign(rest) => {
                self.take(word, key, Some(value.iter().cloned().collect()));
            }
            [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Parenthesis => {
                self.errors.push(argument::syntax_parentheses(word, group));
                self.guess(word, key, Some(group.stream()));
            }
            // `==`, `=>` and `::` are one sign to the reader.
            [TokenTree::Punct(sign), TokenTree::Punct(_), ..]
                if sign.spacing() == Spacing::Joint =>
            {
                let (sign, value) = rest.split_at(2);
                self.wrong_sign(word, key, sign, value);
            }
            [TokenTree::Punct(_), ..] => {
                let (sign, value) = rest.split_at(1);
                self.wrong_sign(word, key, sign, value);
            }
            [next, ..] => self.wrong_sign(word, key, std::slice::from_ref(next), rest),
        }
    }

    fn wrong_sign(&mut self, word: W, key: &Ident, sign: &[TokenTree], value: &[TokenTree]) {
        self.errors.push(argument::missing_equals_sign(word, sign, value));
        self.guess(word, key, Some(value.iter().cloned().collect()));
    }

    // A misspelt argument counts as the one it resembles, unless that one is there too.
    fn parse_unknown(&mut self, key: &Ident, rest: &[TokenTree]) {
        let nearest = self
            .vocabulary
            .nearest(&key.to_string())
            .filter(|nearest| !self.reading.seen.contains(nearest));
        self.errors.push(argument::unknown_argument(key, nearest, self.vocabulary));
        let Some(nearest) = nearest else {
            return;
        };
        match rest {
            [_, value @ ..] => {
                self.reading.guessed.push(nearest);
                self.guess(nearest, key, Some(value.iter().cloned().collect()));
            }
            [] if nearest.shape() != Shape::Value => {
                self.reading.guessed.push(nearest);
                self.guess(nearest, key, None);
            }
            [] => {}
        }
    }

    fn take(&mut self, word: W, key: &Ident, value: Option<TokenStream>) {
        self.reader.take(Given { word, key, value }, self.errors);
    }

    /// Takes a value out of something already rejected, so that the stub is near what was meant.
    fn guess(&mut self, word: W, key: &Ident, value: Option<TokenStream>) {
        let mut doubled = Errors::default();
        self.reader.take(Given { word, key, value }, &mut doubled);
        doubled.discard();
    }
}
