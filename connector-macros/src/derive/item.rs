//! The type under a derive: what it is made of, and what its attributes say.
//! `derive/mod.rs` calls it first; a type that no derive can take is reported, and its attributes are still read.
//! Rules that need two fields or two variants are in `check.rs`.

use proc_macro2::{Ident, TokenStream};
use syn::{
    Data, DataEnum, DataStruct, DeriveInput, Fields, FieldsNamed, Generics, LitStr, Type, Variant,
};

use super::attribute::{Settings, parse_field_settings, parse_settings, reject_secrets};
use super::description::parse_description;
use crate::diag::derive::{target, variant};
use crate::diag::{Diagnostic, Errors, Reported};
use crate::names::{member_name, member_value};
use crate::words::derive::{Derive, Position};

/// The type under the derive.
pub(super) struct Item {
    pub(super) ident: Ident,
    pub(super) generics: Generics,
    pub(super) settings: Settings,
    pub(super) description: String,
    pub(super) content: Content,
}

/// What a type is made of.
pub(super) enum Content {
    /// Named fields.
    Fields(Vec<Field>),
    /// Variants without values.
    Members(Vec<Member>),
    /// Variants with one value each.
    Alternatives(Vec<Alternative>),
    /// Something else, with the proof that it was reported.
    Rejected(Reported),
}

pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) description: String,
    pub(super) settings: Settings,
}

pub(super) struct Member {
    pub(super) ident: Ident,
    pub(super) settings: Settings,
}

pub(super) struct Alternative {
    pub(super) ident: Ident,
    pub(super) ty: Type,
}

impl Item {
    /// What people call it.
    pub(super) fn name(&self) -> LitStr {
        self.settings.rename.clone().unwrap_or_else(|| plain(&self.ident))
    }
}

impl Field {
    /// Its name on the wire.
    pub(super) fn wire(&self) -> LitStr {
        self.settings.rename.clone().unwrap_or_else(|| plain(&self.ident))
    }
}

impl Member {
    /// Its name in Python.
    pub(super) fn name(&self) -> LitStr {
        let default = || LitStr::new(&member_name(&self.ident.to_string()), self.ident.span());
        self.settings.name.clone().unwrap_or_else(default)
    }

    /// Its value in Python.
    pub(super) fn value(&self) -> LitStr {
        let default = || LitStr::new(&member_value(&self.ident.to_string()), self.ident.span());
        self.settings.value.clone().map_or_else(default, |value| value.text)
    }

    /// Whether its value in Python is a whole number.
    pub(super) fn has_whole_value(&self) -> bool {
        self.settings.value.as_ref().is_some_and(|value| value.whole)
    }
}

/// The name without what Rust needs to tell it from a keyword.
fn plain(ident: &Ident) -> LitStr {
    LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span())
}

/// Reads the whole type; `None` if it cannot be read at all.
pub(super) fn parse_item(derive: Derive, tokens: TokenStream, errors: &mut Errors) -> Option<Item> {
    let input = match syn::parse2::<DeriveInput>(tokens) {
        Ok(input) => input,
        Err(error) => {
            errors.push(Diagnostic::unreadable(&error));
            return None;
        }
    };
    let DeriveInput { attrs, ident, generics, data, vis: _ } = input;
    let settings = parse_settings(derive, position(derive, &data), &attrs, errors);
    reject_secrets(derive, &attrs, &ident, errors);
    let content = match &data {
        Data::Struct(data) => parse_struct(derive, &ident, data, errors),
        Data::Enum(data) if derive == Derive::FlyteType => parse_enum(&ident, data, errors),
        Data::Enum(data) => {
            Content::Rejected(errors.push(target::target_on_enum(derive, &data.enum_token, &ident)))
        }
        Data::Union(data) => {
            let error = target::target_on_union(derive, &data.union_token, &ident);
            Content::Rejected(errors.push(error))
        }
    };
    Some(Item { description: parse_description(&attrs), ident, generics, settings, content })
}

/// What stands under the attributes above the type.
fn position(derive: Derive, data: &Data) -> Position {
    match data {
        Data::Enum(data) if derive == Derive::FlyteType && holds_values(data) => Position::Types,
        Data::Enum(_) if derive == Derive::FlyteType => Position::Names,
        Data::Enum(_) | Data::Struct(_) | Data::Union(_) => Position::Struct,
    }
}

fn parse_struct(derive: Derive, ident: &Ident, data: &DataStruct, errors: &mut Errors) -> Content {
    let error = match &data.fields {
        Fields::Named(fields) => return Content::Fields(parse_fields(derive, fields, errors)),
        Fields::Unnamed(fields) => target::target_tuple_struct(derive, fields, ident),
        Fields::Unit => target::target_unit_struct(derive, ident),
    };
    Content::Rejected(errors.push(error))
}

fn parse_fields(derive: Derive, fields: &FieldsNamed, errors: &mut Errors) -> Vec<Field> {
    let mut parsed = Vec::new();
    for field in &fields.named {
        let settings = parse_field_settings(derive, &field.attrs, errors);
        // Named fields have names.
        if let Some(ident) = field.ident.clone() {
            let description = parse_description(&field.attrs);
            parsed.push(Field { ident, ty: field.ty.clone(), description, settings });
        }
    }
    parsed
}

// Accepted: `enum Mode { Fast, Slow }`, `enum Size { Number(i64), Text(String) }`.
fn parse_enum(ident: &Ident, data: &DataEnum, errors: &mut Errors) -> Content {
    if data.variants.is_empty() {
        Content::Rejected(errors.push(variant::target_enum_empty(&data.enum_token, ident)))
    } else if holds_values(data) {
        parse_alternatives(data, errors)
    } else {
        parse_members(data, errors)
    }
}

/// Whether it is an enum of types; where the variants disagree, the greater part decides.
fn holds_values(data: &DataEnum) -> bool {
    let units = data.variants.iter().filter(|v| matches!(v.fields, Fields::Unit)).count();
    units * 2 < data.variants.len()
}

fn parse_members(data: &DataEnum, errors: &mut Errors) -> Content {
    let mut members = Vec::new();
    let mut rejected = None;
    for Variant { ident, fields, attrs, .. } in &data.variants {
        let settings = parse_settings(Derive::FlyteType, Position::Member, attrs, errors);
        if matches!(fields, Fields::Unit) {
            members.push(Member { ident: ident.clone(), settings });
        } else {
            rejected = Some(errors.push(variant::target_enum_mixed(ident, true)));
        }
    }
    rejected.map_or(Content::Members(members), Content::Rejected)
}

fn parse_alternatives(data: &DataEnum, errors: &mut Errors) -> Content {
    let mut alternatives = Vec::new();
    let mut rejected = None;
    for Variant { ident, fields, attrs, .. } in &data.variants {
        parse_settings(Derive::FlyteType, Position::Alternative, attrs, errors);
        for field in fields {
            parse_settings(Derive::FlyteType, Position::Alternative, &field.attrs, errors);
        }
        match parse_value_type(ident, fields) {
            Ok(ty) => alternatives.push(Alternative { ident: ident.clone(), ty }),
            Err(error) => rejected = Some(errors.push(error)),
        }
    }
    rejected.map_or(Content::Alternatives(alternatives), Content::Rejected)
}

/// The type of the one value that a variant holds.
fn parse_value_type(ident: &Ident, fields: &Fields) -> Result<Type, Diagnostic> {
    match fields {
        Fields::Unit => Err(variant::target_enum_mixed(ident, false)),
        Fields::Named(fields) => Err(variant::target_variant_fields(fields, ident)),
        Fields::Unnamed(fields) => {
            let mut values = fields.unnamed.iter();
            match (values.next(), values.next()) {
                (Some(only), None) => Ok(only.ty.clone()),
                _ => Err(variant::target_variant_values(fields, ident)),
            }
        }
    }
}
