//! Helper attributes to `Settings`: what `#[input(...)]` and its like say in one place.
//! `item.rs` calls it above the type, on each field and on each variant.
//! Rules that need two words or two places are in `check.rs`.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Expr, LitStr, MacroDelimiter, Meta, Path};

use crate::arguments::value::{parse_crate, parse_expr, parse_string, string, whole};
use crate::arguments::{Given, Reader, Reading};
use crate::diag::derive::attribute as message;
use crate::diag::value::Slot;
use crate::diag::{Diagnostic, Errors};
use crate::words::Vocabulary;
use crate::words::derive::{Derive, Key, Position, SECRET};

/// What was said in one place. A value that is `None` was not given, or not legal and reported.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) rename: Option<LitStr>,
    pub(super) default: Option<Fallback>,
    pub(super) optional: Option<Ident>,
    /// The later one of `default` and `optional`, if both are there.
    pub(super) both: Option<Ident>,
    pub(super) name: Option<LitStr>,
    pub(super) value: Option<Value>,
    /// Which of Python's classes a struct stands for, and the word that says so.
    pub(super) class: Option<(Class, Ident)>,
    /// A word that says of which other class it is.
    pub(super) other_class: Option<Ident>,
    pub(super) root: Option<Path>,
    pub(super) secret: bool,
}

/// Which of Python's classes a struct stands for; a dataclass if nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Pydantic,
    NamedTuple,
    TypedDict,
}

/// The value of a member, as text.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) text: LitStr,
    /// Whether it is a whole number.
    pub(super) whole: bool,
}

/// `default`, or `default = expr`.
pub(super) struct Fallback {
    pub(super) key: Ident,
    pub(super) value: Option<Expr>,
}

/// Reads the derive's attributes in one place; each mistake is reported and the rest is still read.
pub(super) fn parse_settings(
    derive: Derive,
    position: Position,
    attributes: &[Attribute],
    errors: &mut Errors,
) -> Settings {
    parse_attributes(derive, position, &own(derive, attributes), errors)
}

/// Reads the attributes of a field, which may be a secret if the derive knows secrets.
pub(super) fn parse_field_settings(
    derive: Derive,
    attributes: &[Attribute],
    errors: &mut Errors,
) -> Settings {
    let mut secrets = secrets(derive, attributes);
    let Some(first) = secrets.next() else {
        return parse_settings(derive, Position::Field, attributes, errors);
    };
    for second in secrets {
        errors.push(message::duplicate_secret(second));
    }
    for setting in own(derive, attributes) {
        errors.push(message::conflict_secret_and_setting(setting));
    }
    let settings = parse_attributes(derive, Position::Secret, &[first], errors);
    Settings { secret: true, ..settings }
}

/// Rejects `#[secret]` above the type.
pub(super) fn reject_secrets(
    derive: Derive,
    attributes: &[Attribute],
    name: &Ident,
    errors: &mut Errors,
) {
    for attribute in secrets(derive, attributes) {
        errors.push(message::target_secret(attribute, name));
    }
}

fn own(derive: Derive, attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|a| a.path().is_ident(derive.attribute())).collect()
}

fn secrets(derive: Derive, attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(move |a| derive == Derive::TaskConnection && a.path().is_ident(SECRET))
}

fn parse_attributes(
    derive: Derive,
    position: Position,
    attributes: &[&Attribute],
    errors: &mut Errors,
) -> Settings {
    let vocabulary = derive.vocabulary(position);
    let mut place = Place { derive, position, settings: Settings::default() };
    let mut reading = Reading::default();
    for attribute in attributes {
        if let Some(tokens) = parse_brackets(attribute, position, &vocabulary, errors) {
            reading.parse_list(tokens, &vocabulary, &mut place, errors);
        }
    }
    place.settings
}

// Accepted: `#[input(...)]`, and `#[secret]`.
fn parse_brackets(
    attribute: &Attribute,
    position: Position,
    vocabulary: &Vocabulary<Key>,
    errors: &mut Errors,
) -> Option<TokenStream> {
    errors.push(match &attribute.meta {
        Meta::List(list) if !matches!(list.delimiter, MacroDelimiter::Paren(_)) => {
            message::syntax_brackets(attribute, vocabulary)
        }
        Meta::List(list) if !list.tokens.is_empty() => return Some(list.tokens.clone()),
        Meta::NameValue(_) => message::syntax_brackets(attribute, vocabulary),
        Meta::List(_) | Meta::Path(_) if position == Position::Secret => return None,
        Meta::List(_) | Meta::Path(_) => message::missing_arguments(attribute, vocabulary),
    });
    None
}

/// One place while its attributes are read.
struct Place {
    derive: Derive,
    position: Position,
    settings: Settings,
}

impl Reader<Key> for Place {
    fn take(&mut self, given: Given<'_, Key>, errors: &mut Errors) {
        let Given { word, key, value } = given;
        match (word, value) {
            (Key::Optional, _) => {
                self.settings.both = self.settings.default.as_ref().map(|_| key.clone());
                self.settings.optional = Some(key.clone());
            }
            (Key::Pydantic, _) => self.take_class(Class::Pydantic, key),
            (Key::NamedTuple, _) => self.take_class(Class::NamedTuple, key),
            (Key::TypedDict, _) => self.take_class(Class::TypedDict, key),
            (Key::Default, value) => {
                let slot = Slot { word, in_list: false };
                let value = match value {
                    Some(tokens) => match parse_expr(slot, &tokens, errors) {
                        Some(value) => Some(value),
                        None => return,
                    },
                    None => None,
                };
                self.settings.both = self.settings.optional.as_ref().map(|_| key.clone());
                self.settings.default = Some(Fallback { key: key.clone(), value });
            }
            (Key::Rename, Some(tokens)) => {
                self.settings.rename = self.parse_name(word, &tokens, errors);
            }
            (Key::Name, Some(tokens)) => {
                self.settings.name = self.parse_name(word, &tokens, errors);
            }
            (Key::Value, Some(tokens)) => self.settings.value = parse_value(word, &tokens, errors),
            (Key::Crate, Some(tokens)) => self.settings.root = parse_crate(word, &tokens, errors),
            // A word without its value was reported by the reader.
            (Key::Rename | Key::Name | Key::Value | Key::Crate, None) => {}
        }
    }

    fn elsewhere(&self, word: Key, key: &Ident, _: &Vocabulary<Key>) -> Diagnostic {
        message::target_argument(self.derive, self.position, word, key)
    }
}

// Accepted: `"fast"`, also the empty text, which Python has; `5`, `-5`.
fn parse_value(word: Key, tokens: &TokenStream, errors: &mut Errors) -> Option<Value> {
    let slot = Slot { word, in_list: false };
    let expr = parse_expr(slot, tokens, errors)?;
    match whole(&expr) {
        Some(Some(text)) => Some(Value { text, whole: true }),
        Some(None) => {
            errors.push(message::value_number_too_large(&expr));
            None
        }
        None => string(slot, &expr, errors).map(|text| Value { text, whole: false }),
    }
}

impl Place {
    fn take_class(&mut self, class: Class, key: &Ident) {
        match &self.settings.class {
            Some(_) => self.settings.other_class = Some(key.clone()),
            None => self.settings.class = Some((class, key.clone())),
        }
    }

    // Accepted: `"frames"`, any text but an empty one.
    fn parse_name(&self, word: Key, tokens: &TokenStream, errors: &mut Errors) -> Option<LitStr> {
        let name = parse_string(word, tokens, errors)?;
        if name.value().trim().is_empty() {
            errors.push(message::value_name_empty(word, self.derive, self.position, &name));
            return None;
        }
        Some(name)
    }
}
