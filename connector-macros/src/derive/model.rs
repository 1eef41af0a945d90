//! What a derive will generate code for, in legal states only.
//! `build` makes it after all checks; the files in `generate/` turn it into tokens and cannot fail.
//! Wire names are settled here; how things are spelled in Rust stays with the user's tokens.

use proc_macro2::{Ident, Span};
use syn::{Expr, LitStr, Type};

use super::attribute::{Class, Fallback, Settings};
use super::item::{self, Content, Item};
use crate::diag::{Errors, Reported};

/// A type as it will be generated.
pub(super) enum Model {
    Record(Record),
    Enumeration(Enumeration),
    Union(Union),
}

/// A struct with named fields.
pub(super) struct Record {
    pub(super) ident: Ident,
    /// What people call it.
    pub(super) name: LitStr,
    pub(super) description: String,
    /// Which of Python's classes it stands for, unless it is a dataclass.
    pub(super) class: Option<Class>,
    pub(super) fields: Vec<Field>,
}

pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) wire: LitStr,
    pub(super) description: String,
    pub(super) presence: Presence,
}

/// How a field is taken.
pub(super) enum Presence {
    /// Its type says whether it may be absent.
    ByType,
    /// `optional`: its type must say so.
    Optional,
    /// `default`, and the place of that word.
    Default(Span),
    /// `default = expr`.
    DefaultTo(Expr),
    /// `#[secret]`.
    Secret,
}

/// An enum of names.
pub(super) struct Enumeration {
    pub(super) ident: Ident,
    pub(super) name: LitStr,
    pub(super) description: String,
    /// Whether the values are whole numbers.
    pub(super) whole: bool,
    pub(super) members: Vec<Member>,
}

pub(super) struct Member {
    pub(super) ident: Ident,
    pub(super) name: LitStr,
    pub(super) value: LitStr,
}

/// An enum of types.
pub(super) struct Union {
    pub(super) ident: Ident,
    pub(super) alternatives: Vec<Alternative>,
}

pub(super) struct Alternative {
    pub(super) ident: Ident,
    pub(super) ty: Type,
}

/// The model, or the proof that an error says why there is none.
pub(super) fn build(item: &Item, errors: &Errors) -> Result<Model, Reported> {
    errors.none_yet()?;
    let ident = item.ident.clone();
    let description = item.description.clone();
    Ok(match &item.content {
        Content::Fields(fields) => Model::Record(Record {
            ident,
            name: item.name(),
            description,
            class: item.settings.class.as_ref().map(|(class, _)| *class),
            fields: fields.iter().map(field).collect(),
        }),
        Content::Members(members) => Model::Enumeration(Enumeration {
            ident,
            name: item.name(),
            description,
            whole: members.iter().any(item::Member::has_whole_value),
            members: members.iter().map(member).collect(),
        }),
        Content::Alternatives(alternatives) => {
            let alternatives = alternatives
                .iter()
                .map(|item::Alternative { ident, ty }| Alternative {
                    ident: ident.clone(),
                    ty: ty.clone(),
                })
                .collect();
            Model::Union(Union { ident, alternatives })
        }
        Content::Rejected(reported) => return Err(*reported),
    })
}

fn field(field: &item::Field) -> Field {
    Field {
        ident: field.ident.clone(),
        ty: field.ty.clone(),
        wire: field.wire(),
        description: field.description.clone(),
        presence: presence(&field.settings),
    }
}

fn presence(settings: &Settings) -> Presence {
    match &settings.default {
        _ if settings.secret => Presence::Secret,
        Some(Fallback { value: Some(value), .. }) => Presence::DefaultTo(value.clone()),
        Some(Fallback { key, value: None }) => Presence::Default(key.span()),
        None if settings.optional.is_some() => Presence::Optional,
        None => Presence::ByType,
    }
}

fn member(member: &item::Member) -> Member {
    Member { ident: member.ident.clone(), name: member.name(), value: member.value() }
}
