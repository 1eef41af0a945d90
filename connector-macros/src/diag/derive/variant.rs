//! Messages about the variants of an enum: their shape, and their names among each other.
//! `derive/item.rs` and `derive/check.rs` build them.
//! One constructor per message; `tests/ui/fail` holds a case of the same name.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::FieldsUnnamed;

use crate::diag::{Diagnostic, Place, compact};

pub(crate) fn target_enum_empty(keyword: &impl ToTokens, name: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(keyword), "an enum without variants has no values")
        .help(format!("add a variant to `{name}`, or write `struct {name} {{}}`"))
}

pub(crate) fn target_enum_mixed(variant: &Ident, holds_value: bool) -> Diagnostic {
    if holds_value {
        Diagnostic::new(Place::of(variant), format!("`{variant}` holds a value, others do not"))
            .help(format!("write `{variant}` alone, or give every variant one value"))
            .note("an enum is one of names, or one of types")
    } else {
        Diagnostic::new(Place::of(variant), format!("`{variant}` holds no value, others do"))
            .help(format!("write `{variant}(())` for Python's `None`"))
            .note("an enum is one of names, or one of types")
    }
}

pub(crate) fn target_variant_fields(place: &impl ToTokens, variant: &Ident) -> Diagnostic {
    Diagnostic::new(Place::of(place), "a variant holds one value, not named fields")
        .help(format!("put the fields into a struct of their own: `{variant}({variant})`"))
        .note("values are told apart by their type, which the struct has and the variant has not")
}

pub(crate) fn target_variant_values(values: &FieldsUnnamed, variant: &Ident) -> Diagnostic {
    let types: Vec<String> =
        values.unnamed.iter().map(|field| compact(&field.ty.to_token_stream())).collect();
    let count = types.len();
    let error =
        Diagnostic::new(Place::of(values), format!("a variant holds one value, not {count}"));
    if types.is_empty() {
        error.help(format!("write `{variant}(())` for Python's `None`"))
    } else {
        error.help(format!("write one tuple: `{variant}(({}))`", types.join(", ")))
    }
}

pub(crate) fn duplicate_member_name(
    name: &str,
    first: &Ident,
    second: &impl ToTokens,
) -> Diagnostic {
    Diagnostic::new(Place::of(second), format!("two members have the name {name:?}"))
        .help("give this one another: `#[flyte(name = \"…\")]`")
        .note(format!("the first is `{first}`"))
}

pub(crate) fn duplicate_member_value(
    value: &str,
    first: &Ident,
    second: &impl ToTokens,
) -> Diagnostic {
    Diagnostic::new(Place::of(second), format!("two members have the value {value:?}"))
        .help("give this one another: `#[flyte(value = \"…\")]`")
        .note(format!("the first is `{first}`; in Python the second would be another name for it"))
}

pub(crate) fn conflict_name_and_value(
    text: &str,
    named: &Ident,
    second: &impl ToTokens,
) -> Diagnostic {
    Diagnostic::new(
        Place::of(second),
        format!("the value {text:?} is also the name of the member `{named}`"),
    )
    .help("change the name or the value")
    .note("members are read by name and by value, so this one would be read as the other")
}

pub(crate) fn conflict_values(number: &Ident, text: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(text), "the values of an enum are all text, or all whole numbers")
        .help("give this member a number, too: `#[flyte(value = 1)]`")
        .note(format!("the value of `{number}` is a number"))
}

pub(crate) fn duplicate_type(first: &Ident, second: &Ident, ty: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(ty), format!("`{second}` holds the same type as `{first}`"))
        .help("remove this variant, or give it a type of its own")
        .note("the type alone says which variant a value is")
}
