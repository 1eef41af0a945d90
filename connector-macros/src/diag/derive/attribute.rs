//! Messages about helper attributes: what is in the wrong place, or in the wrong brackets.
//! `derive/attribute.rs` builds them.
//! One constructor per message; `tests/ui/fail` holds a case of the same name for one derive at least.

use proc_macro2::Ident;
use syn::{Attribute, Expr, LitStr};

use crate::diag::{Diagnostic, Place};
use crate::words::derive::{Derive, Key, Position, SECRET};
use crate::words::{Shape, Vocabulary, Word};

pub(crate) fn missing_arguments(attribute: &Attribute, vocabulary: &Vocabulary<Key>) -> Diagnostic {
    let fact = format!("`#[{}]` says nothing", vocabulary.attribute);
    let error = Diagnostic::new(Place::of(attribute), fact);
    match usage(vocabulary) {
        Some(usage) => error.help(format!("write `{usage}`, or remove it")),
        None => error.help("remove it"),
    }
}

pub(crate) fn syntax_brackets(attribute: &Attribute, vocabulary: &Vocabulary<Key>) -> Diagnostic {
    let fact = format!("the arguments of `#[{}]` stand in parentheses", vocabulary.attribute);
    let error = Diagnostic::new(Place::of(attribute), fact);
    match usage(vocabulary) {
        Some(usage) => error.help(format!("write `{usage}`")),
        None => error.help("remove it"),
    }
}

/// `#[input(rename = "frames")]`.
fn usage(vocabulary: &Vocabulary<Key>) -> Option<String> {
    let key = vocabulary.legal.first()?;
    let attribute = vocabulary.attribute;
    Some(match key.shape() {
        Shape::Value | Shape::Either => format!("#[{attribute}({key} = {})]", key.example()),
        Shape::Flag => format!("#[{attribute}({key})]"),
    })
}

pub(crate) fn target_argument(
    derive: Derive,
    position: Position,
    key: Key,
    written: &Ident,
) -> Diagnostic {
    let fact = format!("`{key}` does not go {}", position.phrase());
    let error = Diagnostic::new(Place::of(written), fact);
    let attribute = derive.attribute();
    let outside = matches!(position, Position::Struct | Position::Names | Position::Types);
    match (key, position) {
        (Key::Crate, _) => {
            error.help(format!("write `#[{attribute}(crate = ::connector_core)]` above the type"))
        }
        (Key::Rename, Position::Member) => error
            .help("write `name = \"…\"`")
            .note("a member has two names: its `name` in Python and its `value`"),
        (Key::Rename, Position::Types) => {
            error.help("remove it: a union is called by the names of its types")
        }
        (Key::Name | Key::Value, Position::Field | Position::Struct | Position::Names) => {
            error.help("write `rename = \"…\"`")
        }
        (Key::Default | Key::Optional, Position::Secret) => {
            error.help("hold it as `Option<Secret>` if it may be missing")
        }
        (Key::Pydantic | Key::NamedTuple | Key::TypedDict, Position::Names | Position::Types) => {
            error.help(format!("remove it: only a struct can be {}", class(key)))
        }
        (Key::Pydantic | Key::NamedTuple | Key::TypedDict, _) => {
            error.help(format!("write `#[{attribute}({key})]` above a struct"))
        }
        (_, Position::Alternative) => {
            error.help("remove it: the value's type alone says which variant it is")
        }
        (Key::Rename | Key::Default | Key::Optional, _) if outside => {
            error.help("write it on a field")
        }
        _ => error.help("remove it"),
    }
}

/// What a struct with that word is in Python.
fn class(key: Key) -> &'static str {
    match key {
        Key::NamedTuple => "a `NamedTuple`",
        Key::TypedDict => "a `TypedDict`",
        _ => "a pydantic model",
    }
}

pub(crate) fn conflict_classes(first: &Ident, second: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(second), "a struct stands for one of Python's classes")
        .help(format!("remove `{first}` or `{second}`"))
        .note("without either it is a dataclass")
}

pub(crate) fn value_number_too_large(number: &Expr) -> Diagnostic {
    Diagnostic::new(Place::of(number), "the value of a member has at most 64 bits")
        .help("write it as text: `value = \"…\"`")
}

pub(crate) fn target_secret(attribute: &Attribute, name: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(attribute), "`#[secret]` goes on a field")
        .help(format!("move it above a field of `{name}`"))
}

pub(crate) fn duplicate_secret(second: &Attribute) -> Diagnostic {
    Diagnostic::new(Place::of(second), "`#[secret]` is given twice").help("remove this one")
}

pub(crate) fn conflict_secret_and_setting(setting: &Attribute) -> Diagnostic {
    Diagnostic::new(Place::of(setting), "a secret is no setting of the connection")
        .help(format!(
            "remove this, or `#[{SECRET}]`; a secret is renamed by `#[{SECRET}(rename = \"…\")]`"
        ))
        .note(
            "Flyte resolves secrets and settings apart: `Connection.secrets`, `Connection.configs`",
        )
}

pub(crate) fn value_name_empty(
    key: Key,
    derive: Derive,
    position: Position,
    name: &LitStr,
) -> Diagnostic {
    let what = match position {
        Position::Struct | Position::Names | Position::Types => "a type",
        Position::Field => derive.field(),
        Position::Secret => "a secret",
        Position::Member | Position::Alternative => "a member",
    };
    Diagnostic::new(Place::of(name), format!("the name of {what} cannot be empty"))
        .help(format!("write the name that people and tasks use, or leave `{key}` out"))
}
