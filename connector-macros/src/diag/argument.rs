//! Messages about the shape of an argument list: missing, doubled, unknown or misspelt parts.
//! `arguments/mod.rs` builds them, whatever attribute the list belongs to.
//! One constructor per message; `tests/ui/fail` holds cases of the same name.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

use super::{Diagnostic, Place};
use crate::words::{Vocabulary, Word};

pub(crate) fn missing_value(argument: impl Word, key: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(key), format!("`{argument}` has no value"))
        .help(format!("write `{argument} = {}`", argument.example()))
}

pub(crate) fn missing_comma(next: &TokenTree) -> Diagnostic {
    Diagnostic::new(Place::of(next), format!("there is no comma before `{next}`"))
        .help(format!("write `, {next}`"))
}

pub(crate) fn missing_equals_sign(
    argument: impl Word,
    found: &[TokenTree],
    value: &[TokenTree],
) -> Diagnostic {
    let tokens: TokenStream = found.iter().cloned().collect();
    Diagnostic::new(
        Place::of(&tokens),
        format!("`{argument}` is followed by `{tokens}`, not by `=`"),
    )
    .help(assign(argument, &value.iter().cloned().collect()))
}

pub(crate) fn syntax_parentheses(argument: impl Word, group: &Group) -> Diagnostic {
    Diagnostic::new(
        Place::of(group),
        format!("the value of `{argument}` stands after `=`, not in parentheses"),
    )
    .help(assign(argument, &group.stream()))
}

pub(crate) fn syntax_after_value(argument: impl Word, found: &TokenTree) -> Diagnostic {
    let error = Diagnostic::new(
        Place::of(found),
        format!("the value of `{argument}` ends before {}", describe(found)),
    );
    match argument.after_value(found) {
        Some(fix) => error.help(fix),
        None => error
            .help(format!("write a comma and the next argument, or remove {}", describe(found))),
    }
}

pub(crate) fn syntax_value_of_flag(argument: impl Word, value: &[TokenTree]) -> Diagnostic {
    let value: TokenStream = value.iter().cloned().collect();
    let error = Diagnostic::new(Place::of(&value), format!("`{argument}` takes no value"));
    if value.to_string().contains("false") {
        error.help(format!("remove `{argument}`"))
    } else {
        error.help(format!("write `{argument}` alone"))
    }
}

pub(crate) fn syntax_not_an_argument<W: Word>(
    found: &TokenTree,
    vocabulary: &Vocabulary<W>,
) -> Diagnostic {
    let error = Diagnostic::new(
        Place::of(found),
        format!("expected the name of an argument, found {}", describe(found)),
    );
    match (found, vocabulary.for_text) {
        (TokenTree::Literal(text), Some(word)) if is_string(text) => {
            error.help(format!("write `{word} = {text}`"))
        }
        _ => error.help(vocabulary.list()),
    }
}

pub(crate) fn syntax_extra_comma(comma: &TokenTree) -> Diagnostic {
    Diagnostic::new(Place::of(comma), "there is no argument before this comma").help("remove it")
}

pub(crate) fn syntax_semicolon(semicolon: &TokenTree) -> Diagnostic {
    Diagnostic::new(Place::of(semicolon), "expected a comma, found `;`").help("write `,`")
}

pub(crate) fn unknown_argument<W: Word>(
    key: &Ident,
    nearest: Option<W>,
    vocabulary: &Vocabulary<W>,
) -> Diagnostic {
    let fact = format!("`#[{}]` has no argument `{key}`", vocabulary.attribute);
    let error = Diagnostic::new(Place::of(key), fact);
    match nearest {
        Some(word) => error.help(format!("did you mean `{word}`?")).note(vocabulary.list()),
        None => error.help(format!("remove `{key}`")).note(vocabulary.list()),
    }
}

pub(crate) fn duplicate_argument(argument: impl Word, key: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(key), format!("`{argument}` is given twice")).help("remove this one")
}

/// "write `argument = value`", with an example where the value is missing or long.
fn assign(argument: impl Word, value: &TokenStream) -> String {
    let text = value.to_string();
    let fits = !text.is_empty() && text.len() <= 40 && !text.contains(',');
    let value = if fits { &text } else { argument.example() };
    format!("write `{argument} = {value}`")
}

/// A token in words, for the end of a sentence.
fn describe(token: &TokenTree) -> String {
    match token {
        TokenTree::Group(group) => {
            let open = match group.delimiter() {
                proc_macro2::Delimiter::Parenthesis => "`(`",
                proc_macro2::Delimiter::Brace => "`{`",
                proc_macro2::Delimiter::Bracket => "`[`",
                proc_macro2::Delimiter::None => "a macro's fragment",
            };
            open.to_owned()
        }
        TokenTree::Ident(ident) => format!("`{ident}`"),
        TokenTree::Punct(punct) => format!("`{}`", punct.as_char()),
        TokenTree::Literal(literal) => format!("`{literal}`"),
    }
}

fn is_string(literal: &proc_macro2::Literal) -> bool {
    literal.to_string().starts_with(['"', 'r'])
}
