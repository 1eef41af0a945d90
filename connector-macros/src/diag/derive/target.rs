//! Messages about what stands under a derive: the wrong kind of item, or one with parameters.
//! `derive/item.rs` and `derive/check.rs` build them.
//! One constructor per message; `tests/ui/fail` holds a case of the same name for one derive at least.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{FieldsUnnamed, GenericParam, Generics, WhereClause};

use crate::diag::{Diagnostic, Place, compact};
use crate::words::derive::Derive;

pub(crate) fn target_on_enum(derive: Derive, keyword: &impl ToTokens, name: &Ident) -> Diagnostic {
    let fact = format!(
        "`#[derive({})]` goes on a struct with named fields, not on an enum",
        derive.name()
    );
    let error = Diagnostic::new(Place::of(keyword), fact);
    match derive {
        // A setting of a connection is plain text.
        Derive::TaskConnection => error.help(format!("write `struct {name}`")),
        _ => error.help(format!(
            "put `#[derive(FlyteType)]` on `{name}`, and make it the type of a field"
        )),
    }
}

pub(crate) fn target_on_union(derive: Derive, keyword: &impl ToTokens, name: &Ident) -> Diagnostic {
    let fact = format!("`#[derive({})]` does not go on a union", derive.name());
    let error = Diagnostic::new(Place::of(keyword), fact);
    match derive {
        Derive::FlyteType => {
            error.help(format!("write `enum {name}` with a variant for each type"))
        }
        _ => error.help(format!("write `struct {name}`")),
    }
}

pub(crate) fn target_tuple_struct(
    derive: Derive,
    fields: &FieldsUnnamed,
    name: &Ident,
) -> Diagnostic {
    let types: Vec<String> =
        fields.unnamed.iter().map(|field| compact(&field.ty.to_token_stream())).collect();
    let fields_with_names = match types.as_slice() {
        [] => "{}".to_owned(),
        [only] => format!("{{ x: {only} }}"),
        [first, ..] => format!("{{ x: {first}, … }}"),
    };
    let fact = format!("the fields of {} need names", derive.subject());
    Diagnostic::new(Place::of(fields), fact)
        .help(format!("write `struct {name} {fields_with_names}`"))
        .note("values are found by their names")
}

pub(crate) fn target_unit_struct(derive: Derive, name: &Ident) -> Diagnostic {
    let fact = format!("the fields of {} need names, and there are none", derive.subject());
    Diagnostic::new(Place::of(name), fact)
        .help(format!("write `struct {name} {{}}` if there are to be none"))
}

pub(crate) fn target_generic(derive: Derive, generics: &Generics) -> Diagnostic {
    let parameter = generics.params.iter().find_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(parameter.ident.to_string()),
        _ => None,
    });
    let parameter = parameter.unwrap_or_else(|| "T".to_owned());
    Diagnostic::new(place(generics), format!("{} cannot be generic", derive.subject()))
        .help(format!("write a concrete type in place of `{parameter}`, or one struct per type"))
        .note("Flyte knows every field by one name and one type")
}

pub(crate) fn target_lifetime(derive: Derive, name: &Ident, generics: &Generics) -> Diagnostic {
    Diagnostic::new(place(generics), format!("{} cannot borrow", derive.subject()))
        .help(format!("give `{name}` owned fields, such as `String` in place of `&str`"))
        .note("its values are made from the bytes of one call and outlive them")
}

pub(crate) fn target_const_generic(
    derive: Derive,
    name: &Ident,
    generics: &Generics,
) -> Diagnostic {
    let fact = format!("{} cannot have const parameters", derive.subject());
    Diagnostic::new(place(generics), fact)
        .help(format!("write a number where `{name}` uses the parameter"))
}

pub(crate) fn target_where_clause(
    derive: Derive,
    name: &Ident,
    clause: &WhereClause,
) -> Diagnostic {
    let fact = format!("{} cannot have a `where` clause", derive.subject());
    Diagnostic::new(Place::of(clause), fact)
        .help(format!("remove it: without type parameters it says nothing about `{name}`"))
}

/// `<T: ...>`, without the `where` clause.
fn place(generics: &Generics) -> Place {
    let Generics { lt_token, params, gt_token, where_clause: _ } = generics;
    Place::of(quote::quote!(#lt_token #params #gt_token))
}
