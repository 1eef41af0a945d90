//! Messages about the shape of an argument list: missing, doubled, unknown or misspelt parts.
//! `connector/args.rs` and `connector/model.rs` build them.
//! One constructor per message; `tests/ui/fail` holds a case of the same name for each.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

use super::{Diagnostic, Place};
use crate::words::Argument;

pub(crate) fn missing_task_type(item: &TokenStream) -> Diagnostic {
    Diagnostic::new(Place::attribute(item), "`#[connector]` needs a `task_type`")
        .help("write `#[connector(task_type = \"bigquery\")]`")
        .note("it must equal `TaskTemplate.type` in the tasks this connector serves")
}

pub(crate) fn missing_value(argument: Argument, key: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(key), format!("`{argument}` has no value"))
        .help(format!("write `{argument} = {}`", argument.example()))
}

pub(crate) fn missing_comma(next: &TokenTree) -> Diagnostic {
    Diagnostic::new(Place::of(next), format!("there is no comma before `{next}`"))
        .help(format!("write `, {next}`"))
}

pub(crate) fn missing_equals_sign(
    argument: Argument,
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

pub(crate) fn syntax_parentheses(argument: Argument, group: &Group) -> Diagnostic {
    Diagnostic::new(
        Place::of(group),
        format!("the value of `{argument}` stands after `=`, not in parentheses"),
    )
    .help(assign(argument, &group.stream()))
}

pub(crate) fn syntax_after_value(argument: Argument, found: &TokenTree) -> Diagnostic {
    let error = Diagnostic::new(
        Place::of(found),
        format!("the value of `{argument}` ends before {}", describe(found)),
    );
    match (argument, found) {
        (Argument::TaskType, TokenTree::Literal(_)) => {
            error.help("to serve two task types, give a list: `task_type = [\"a\", \"b\"]`")
        }
        (Argument::Version, TokenTree::Literal(_)) => {
            error.help("to serve two versions, give a list: `version = [0, 1]`")
        }
        (Argument::Init, TokenTree::Group(_)) => {
            error.help("name the function only; it is called with the connector's `Settings`")
        }
        _ => error
            .help(format!("write a comma and the next argument, or remove {}", describe(found))),
    }
}

pub(crate) fn syntax_not_an_argument(found: &TokenTree) -> Diagnostic {
    let error = Diagnostic::new(
        Place::of(found),
        format!("expected the name of an argument, found {}", describe(found)),
    );
    match found {
        TokenTree::Literal(text) if is_string(text) => {
            error.help(format!("write `task_type = {text}`"))
        }
        _ => error.help(format!("the arguments are {}", Argument::list())),
    }
}

pub(crate) fn syntax_extra_comma(comma: &TokenTree) -> Diagnostic {
    Diagnostic::new(Place::of(comma), "there is no argument before this comma").help("remove it")
}

pub(crate) fn syntax_semicolon(semicolon: &TokenTree) -> Diagnostic {
    Diagnostic::new(Place::of(semicolon), "expected a comma, found `;`").help("write `,`")
}

pub(crate) fn unknown_argument(key: &Ident, nearest: Option<Argument>) -> Diagnostic {
    let error = Diagnostic::new(Place::of(key), format!("`#[connector]` has no argument `{key}`"));
    let list = format!("the arguments are {}", Argument::list());
    match nearest {
        Some(argument) => error.help(format!("did you mean `{argument}`?")).note(list),
        None => error.help(format!("remove `{key}`")).note(list),
    }
}

pub(crate) fn duplicate_argument(argument: Argument, key: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(key), format!("`{argument}` is given twice")).help("remove this one")
}

pub(crate) fn duplicate_task_type(key: &Ident) -> Diagnostic {
    duplicate_argument(Argument::TaskType, key)
        .note("to serve two task types, give a list: `task_type = [\"a\", \"b\"]`")
}

pub(crate) fn duplicate_version(key: &Ident) -> Diagnostic {
    duplicate_argument(Argument::Version, key)
        .note("to serve two versions, give a list: `version = [0, 1]`")
}

/// "write `argument = value`", with an example where the value is missing or long.
fn assign(argument: Argument, value: &TokenStream) -> String {
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
