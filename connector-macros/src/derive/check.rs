//! Rules that need more than one token: one function per rule.
//! `derive/mod.rs` calls `check` between reading and building the model.
//! Every function pushes errors and returns nothing.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{GenericParam, LitStr};

use super::item::{Alternative, Content, Field, Item, Member};
use crate::diag::Errors;
use crate::diag::derive::{attribute, field, target, variant};
use crate::words::derive::Derive;

pub(super) fn check(derive: Derive, item: &Item, errors: &mut Errors) {
    check_not_generic(derive, item, errors);
    check_one_class(item, errors);
    match &item.content {
        Content::Fields(fields) => {
            check_default_or_optional(fields, errors);
            check_names_distinct(derive, fields, errors);
        }
        Content::Members(members) => {
            check_member_names_distinct(members, errors);
            check_member_values_distinct(members, errors);
            check_names_are_no_values(members, errors);
            check_values_alike(members, errors);
        }
        Content::Alternatives(alternatives) => check_types_distinct(alternatives, errors),
        Content::Rejected(_) => {}
    }
}

// Forbidden: `#[derive(TaskInputs)] struct Scene<T> { frames: T }`.
fn check_not_generic(derive: Derive, item: &Item, errors: &mut Errors) {
    let Item { ident, generics, .. } = item;
    let has = |kind: fn(&GenericParam) -> bool| generics.params.iter().any(kind);
    if has(|param| matches!(param, GenericParam::Type(_))) {
        errors.push(target::target_generic(derive, generics));
    } else if has(|param| matches!(param, GenericParam::Const(_))) {
        errors.push(target::target_const_generic(derive, ident, generics));
    } else if has(|param| matches!(param, GenericParam::Lifetime(_))) {
        errors.push(target::target_lifetime(derive, ident, generics));
    } else if let Some(clause) = &generics.where_clause {
        errors.push(target::target_where_clause(derive, ident, clause));
    }
}

// Forbidden: `#[flyte(pydantic, named_tuple)] struct Row { number: i64 }`.
fn check_one_class(item: &Item, errors: &mut Errors) {
    if let (Some((_, first)), Some(second)) = (&item.settings.class, &item.settings.other_class) {
        errors.push(attribute::conflict_classes(first, second));
    }
}

// Forbidden: `#[input(default, optional)] frames: Option<i64>`.
fn check_default_or_optional(fields: &[Field], errors: &mut Errors) {
    for second in fields.iter().filter_map(|field| field.settings.both.as_ref()) {
        errors.push(field::conflict_default_and_optional(second));
    }
}

// Forbidden: `frames: i64, #[input(rename = "frames")] count: i64`. Secrets have names of their own.
fn check_names_distinct(derive: Derive, fields: &[Field], errors: &mut Errors) {
    for secret in [false, true] {
        let named = fields.iter().filter(|field| field.settings.secret == secret);
        for (first, second) in repeated(named, |field| field.wire().value()) {
            let place = written(second.settings.rename.as_ref(), &second.ident);
            let name = second.wire().value();
            errors.push(field::duplicate_name(derive, secret, &name, &first.ident, &place));
        }
    }
}

// Forbidden: `Fast, #[flyte(name = "FAST")] Quick`.
fn check_member_names_distinct(members: &[Member], errors: &mut Errors) {
    for (first, second) in repeated(members.iter(), |member| member.name().value()) {
        let place = written(second.settings.name.as_ref(), &second.ident);
        let name = second.name().value();
        errors.push(variant::duplicate_member_name(&name, &first.ident, &place));
    }
}

// Forbidden: `Fast, #[flyte(value = "fast")] Quick`. Equal names were reported already.
fn check_member_values_distinct(members: &[Member], errors: &mut Errors) {
    for (first, second) in repeated(members.iter(), |member| member.value().value()) {
        if first.name().value() != second.name().value() {
            let place = written(value_of(second), &second.ident);
            let value = second.value().value();
            errors.push(variant::duplicate_member_value(&value, &first.ident, &place));
        }
    }
}

// Forbidden: `#[flyte(value = "SLOW")] Fast, Slow`.
fn check_names_are_no_values(members: &[Member], errors: &mut Errors) {
    for (at, member) in members.iter().enumerate() {
        let text = member.value().value();
        let named = members
            .iter()
            .enumerate()
            .find(|(other, named)| *other != at && named.name().value() == text);
        // Equal names or values were reported already.
        if let Some((_, named)) = named
            && member.name().value() != text
        {
            let place = written(value_of(member), &member.ident);
            errors.push(variant::conflict_name_and_value(&text, &named.ident, &place));
        }
    }
}

// Forbidden: `#[flyte(value = 1)] Low, High`.
fn check_values_alike(members: &[Member], errors: &mut Errors) {
    let Some(number) = members.iter().find(|member| member.has_whole_value()) else {
        return;
    };
    if let Some(text) = members.iter().find(|member| !member.has_whole_value()) {
        errors.push(variant::conflict_values(&number.ident, &written(value_of(text), &text.ident)));
    }
}

// Forbidden: `enum Size { Width(i64), Height(i64) }`.
fn check_types_distinct(alternatives: &[Alternative], errors: &mut Errors) {
    let text = |alternative: &&Alternative| alternative.ty.to_token_stream().to_string();
    for (first, second) in repeated(alternatives.iter(), |alternative| text(&alternative)) {
        errors.push(variant::duplicate_type(&first.ident, &second.ident, &second.ty));
    }
}

/// Every element whose text an earlier one has, with the first that has it.
fn repeated<'a, T>(
    elements: impl Iterator<Item = &'a T>,
    text: impl Fn(&'a T) -> String,
) -> Vec<(&'a T, &'a T)> {
    let mut seen: Vec<(String, &T)> = Vec::new();
    let mut repeated = Vec::new();
    for element in elements {
        let text = text(element);
        match seen.iter().find(|(other, _)| *other == text) {
            Some((_, first)) => repeated.push((*first, element)),
            None => seen.push((text, element)),
        }
    }
    repeated
}

fn value_of(member: &Member) -> Option<&LitStr> {
    member.settings.value.as_ref().map(|value| &value.text)
}

/// What to underline: the name that was written, or the identifier it is made from.
fn written(name: Option<&LitStr>, ident: &Ident) -> proc_macro2::TokenStream {
    name.map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream)
}
