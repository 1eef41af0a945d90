//! Splits an attribute's tokens into arguments, before any of them is understood.
//! `arguments/mod.rs` reads the pieces one by one, so one broken piece leaves the others readable.
//! Only commas, angle brackets and argument names are looked at here.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

use crate::words::{Shape, Vocabulary, Word};

/// What stands between two commas.
#[derive(Debug)]
pub(crate) enum Piece {
    /// At least one token.
    Tokens(Vec<TokenTree>),
    /// Likewise, but without a comma before it.
    CommaMissing(Vec<TokenTree>),
    /// Nothing, and the comma after it.
    Nothing(TokenTree),
    /// A semicolon where a comma belongs.
    Semicolon(TokenTree),
}

/// The pieces of `a = 1, b = Map<K, V>`. A comma missing before a known argument counts as there.
pub(crate) fn split_arguments<W: Word>(
    tokens: TokenStream,
    vocabulary: &Vocabulary<W>,
) -> Vec<Piece> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut pieces = Pieces::default();
    // Commas inside `Map<K, V>` belong to the type.
    let mut depth = 0_usize;
    let mut before: Option<&TokenTree> = None;
    for (place, token) in tokens.iter().enumerate() {
        let ahead = tokens.get(place..).unwrap_or_default();
        let after = tokens.get(place + 1..).unwrap_or_default();
        if is_punct(token, ',') && (depth == 0 || starts_argument(after, vocabulary)) {
            pieces.comma(token);
            depth = 0;
        } else if is_punct(token, ';') {
            pieces.semicolon(token);
            depth = 0;
        } else {
            let begins = match before {
                // `default = optional`: a word behind a sign is a value.
                Some(TokenTree::Punct(_)) => starts_assignment(ahead, vocabulary),
                _ => starts_argument(ahead, vocabulary),
            };
            if begins && !pieces.current.is_empty() {
                pieces.missing_comma(starts_flag(&pieces.current, vocabulary));
                depth = 0;
            }
            if is_punct(token, '<') {
                depth += 1;
            } else if is_punct(token, '>') && !before.is_some_and(is_arrow_shaft) {
                depth = depth.saturating_sub(1);
            }
            pieces.current.push(token.clone());
        }
        before = Some(token);
    }
    pieces.finish()
}

/// The elements of `["a", "b"]`.
pub(crate) fn split_list(list: &Group) -> Vec<Piece> {
    let mut pieces = Pieces::default();
    for token in list.stream() {
        if is_punct(&token, ',') {
            pieces.comma(&token);
        } else if is_punct(&token, ';') {
            pieces.semicolon(&token);
        } else {
            pieces.current.push(token);
        }
    }
    pieces.finish()
}

#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    current: Vec<TokenTree>,
    comma_missing: bool,
}

impl Pieces {
    fn comma(&mut self, comma: &TokenTree) {
        if self.current.is_empty() {
            self.done.push(Piece::Nothing(comma.clone()));
        }
        self.close();
    }

    fn semicolon(&mut self, semicolon: &TokenTree) {
        self.close();
        self.done.push(Piece::Semicolon(semicolon.clone()));
    }

    fn missing_comma(&mut self, behind_flag: bool) {
        // After `a =` the value is missing as well, and that is the better message.
        let only_key = self.current.len() <= 2 && !behind_flag;
        self.close();
        self.comma_missing = !only_key;
    }

    fn close(&mut self) {
        let comma_missing = std::mem::take(&mut self.comma_missing);
        let tokens = std::mem::take(&mut self.current);
        if tokens.is_empty() {
            return;
        }
        let piece = if comma_missing { Piece::CommaMissing } else { Piece::Tokens };
        self.done.push(piece(tokens));
    }

    fn finish(mut self) -> Vec<Piece> {
        self.close();
        self.done
    }
}

/// Takes off the invisible delimiters around what a `macro_rules` fragment stands for.
pub(crate) fn ungroup(tokens: &TokenStream) -> TokenStream {
    let mut iter = tokens.clone().into_iter();
    match (iter.next(), iter.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            ungroup(&group.stream())
        }
        _ => tokens.clone(),
    }
}

pub(crate) fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

/// Whether the tokens begin with `=`, and not with `==` or `=>`.
pub(crate) fn starts_equals_sign(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Punct(sign), next, ..]
            if sign.spacing() == Spacing::Joint && (is_punct(next, '=') || is_punct(next, '>')) =>
        {
            false
        }
        [sign, ..] => is_punct(sign, '='),
        [] => false,
    }
}

/// Whether the tokens begin with `word =`, or with a flag and nothing more before the comma.
fn starts_argument<W: Word>(tokens: &[TokenTree], vocabulary: &Vocabulary<W>) -> bool {
    starts_assignment(tokens, vocabulary) || starts_flag(tokens, vocabulary)
}

fn starts_assignment<W: Word>(tokens: &[TokenTree], vocabulary: &Vocabulary<W>) -> bool {
    match tokens {
        [TokenTree::Ident(word), rest @ ..] => {
            starts_equals_sign(rest) && vocabulary.find(&word.to_string()).is_some()
        }
        _ => false,
    }
}

fn starts_flag<W: Word>(tokens: &[TokenTree], vocabulary: &Vocabulary<W>) -> bool {
    match tokens {
        [TokenTree::Ident(word), rest @ ..] => {
            rest.first().is_none_or(|next| is_punct(next, ','))
                && vocabulary.find(&word.to_string()).is_some_and(|w| w.shape() != Shape::Value)
        }
        _ => false,
    }
}

/// The `-` of `->` and the `=` of `=>`: the `>` after it closes nothing.
fn is_arrow_shaft(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct)
        if punct.spacing() == Spacing::Joint && matches!(punct.as_char(), '-' | '='))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proc_macro2::TokenStream;

    use super::{Piece, split_arguments};
    use crate::words::connector::Argument;
    use crate::words::derive::{Derive, Position};
    use crate::words::{Vocabulary, Word};

    /// Each piece as text; `!` marks a missing comma; a sign stands for itself.
    fn split<W: Word>(text: &str, vocabulary: &Vocabulary<W>) -> Vec<String> {
        let join = |tokens: Vec<_>| tokens.into_iter().collect::<TokenStream>().to_string();
        let pieces = split_arguments(TokenStream::from_str(text).unwrap(), vocabulary);
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Tokens(tokens) => join(tokens),
                Piece::CommaMissing(tokens) => format!("! {}", join(tokens)),
                Piece::Nothing(sign) | Piece::Semicolon(sign) => sign.to_string(),
            })
            .collect()
    }

    #[test]
    fn splits_at_the_commas_between_arguments() {
        for (text, pieces) in [
            ("", &[][..]),
            ("a = 1", &["a = 1"]),
            ("a = 1,", &["a = 1"]),
            ("a = 1, b = 2", &["a = 1", "b = 2"]),
            ("meta = Map<K, V>, b = 2", &["meta = Map < K , V >", "b = 2"]),
            ("meta = F<fn(u8) -> u8, V>, b", &["meta = F < fn (u8) -> u8 , V >", "b"]),
            ("meta = Map<K, version = 1", &["meta = Map < K", "version = 1"]),
            ("a = 1,, b = 2", &["a = 1", ",", "b = 2"]),
            (", a = 1", &[",", "a = 1"]),
            ("a = 1; version = 2;", &["a = 1", ";", "version = 2", ";"]),
            ("meta = [u8; 4]", &["meta = [u8 ; 4]"]),
            ("a = 1 version = 2", &["a = 1", "! version = 2"]),
            ("a = version = 2", &["a =", "version = 2"]),
            ("a = 1 other = 2", &["a = 1 other = 2"]),
            ("a = x == version == 2", &["a = x == version == 2"]),
        ] {
            assert_eq!(split(text, &Argument::vocabulary()), pieces, "{text}");
        }
    }

    #[test]
    fn knows_flags_from_values() {
        let field = Derive::FlyteType.vocabulary(Position::Field);
        for (text, pieces) in [
            ("default, optional", &["default", "optional"][..]),
            ("default optional", &["default", "! optional"]),
            ("rename = \"x\" default", &["rename = \"x\"", "! default"]),
            ("default = a < b, optional", &["default = a < b", "optional"]),
            ("default = a < b, rename = c", &["default = a < b", "rename = c"]),
            (
                "default = Map::<K, V>::new(), optional",
                &["default = Map ::< K , V >:: new ()", "optional"],
            ),
            ("default = optional", &["default = optional"]),
            ("default = |name| name + 1", &["default = | name | name + 1"]),
            ("default = Some(optional)", &["default = Some (optional)"]),
        ] {
            assert_eq!(split(text, &field), pieces, "{text}");
        }
    }
}
