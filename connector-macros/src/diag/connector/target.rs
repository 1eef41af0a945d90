//! Messages about what stands under the attribute: the wrong kind of item, or a generic one.
//! `connector/item.rs` and `connector/check.rs` build them.
//! One constructor per message; `tests/ui/fail/connector` holds a case of the same name for each.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, GenericParam, Generics, Type, WhereClause};

use crate::diag::{Diagnostic, Place};

const ONE_INSTANCE: &str = "the registry holds one instance per (task_type, version)";

pub(crate) fn target_on_impl(keyword: &impl ToTokens, self_type: Option<&Type>) -> Diagnostic {
    let name = match self_type {
        Some(Type::Path(path)) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    };
    let target =
        name.map_or_else(|| "the connector's struct".to_owned(), |name| format!("`struct {name}`"));
    Diagnostic::new(Place::of(keyword), "`#[connector]` goes on the struct, not on its impl")
        .help(format!("move it above {target}"))
}

pub(crate) fn target_on_fn(keyword: &impl ToTokens, name: Option<&Ident>) -> Diagnostic {
    let name = name.map_or_else(|| "connect".to_owned(), ToString::to_string);
    Diagnostic::new(Place::of(keyword), "`#[connector]` goes on a struct, not on a function")
        .help(format!("move it above the connector's struct; a function that makes the connector is named there: `init = {name}`"))
}

pub(crate) fn target_on_trait(keyword: &impl ToTokens) -> Diagnostic {
    Diagnostic::new(Place::of(keyword), "`#[connector]` goes on a struct, not on a trait")
        .help("move it above the struct, and write `impl AsyncConnector for` that struct")
}

pub(crate) fn target_on_union(keyword: &impl ToTokens, name: &Ident) -> Diagnostic {
    Diagnostic::new(
        Place::of(keyword),
        "`#[connector]` goes on a struct or an enum, not on a union",
    )
    .help(format!("write `struct {name}`"))
}

pub(crate) fn target_on_mod(keyword: &impl ToTokens, name: Option<&Ident>) -> Diagnostic {
    let inside = name.map_or_else(|| "the module".to_owned(), |name| format!("`mod {name}`"));
    Diagnostic::new(Place::of(keyword), "`#[connector]` goes on a struct, not on a module")
        .help(format!("move it above the connector's struct inside {inside}"))
}

pub(crate) fn target_on_other(place: Place) -> Diagnostic {
    Diagnostic::new(place, "`#[connector]` goes on a struct or an enum, not on this item")
        .help("move it above the connector's struct")
}

pub(crate) fn target_generic(name: &Ident, generics: &Generics) -> Diagnostic {
    Diagnostic::new(place(generics), "a registered connector cannot be generic")
        .help(wrap(name, generics))
        .note(ONE_INSTANCE)
}

pub(crate) fn target_lifetime(name: &Ident, generics: &Generics) -> Diagnostic {
    Diagnostic::new(place(generics), "a registered connector cannot borrow")
        .help(format!("give `{name}` owned fields, such as `String` in place of `&str`"))
        .note("its one instance lives as long as the process")
}

pub(crate) fn target_const_generic(name: &Ident, generics: &Generics) -> Diagnostic {
    Diagnostic::new(place(generics), "a registered connector cannot have const parameters")
        .help(wrap(name, generics))
        .note(ONE_INSTANCE)
}

pub(crate) fn target_where_clause(name: &Ident, clause: &WhereClause) -> Diagnostic {
    Diagnostic::new(Place::of(clause), "a registered connector cannot have a `where` clause")
        .help(format!("remove it: without type parameters it says nothing about `{name}`"))
}

pub(crate) fn duplicate_attribute(second: &Attribute) -> Diagnostic {
    Diagnostic::new(Place::of(second), "`#[connector]` is given twice")
        .help("remove this one")
        .note("to serve two task types, give a list: `task_type = [\"a\", \"b\"]`")
}

/// `<T: ...>`, without the `where` clause.
fn place(generics: &Generics) -> Place {
    let Generics { lt_token, params, gt_token, where_clause: _ } = generics;
    Place::of(quote::quote!(#lt_token #params #gt_token))
}

/// How to make the generic type concrete, with made-up arguments.
fn wrap(name: &Ident, generics: &Generics) -> String {
    let arguments: Vec<&str> = generics
        .params
        .iter()
        .map(|param| match param {
            GenericParam::Lifetime(_) => "'static",
            GenericParam::Type(_) => "Local",
            GenericParam::Const(_) => "1",
        })
        .collect();
    let arguments = arguments.join(", ");
    format!(
        "wrap one concrete type: `struct My{name}({name}<{arguments}>);` and put `#[connector]` on it"
    )
}
