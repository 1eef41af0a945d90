//! Rules that need more than one token: one function per rule.
//! `connector/mod.rs` calls `check` between reading and building the model.
//! Every function pushes errors and returns nothing.

use proc_macro2::TokenStream;
use syn::GenericParam;

use super::args::Args;
use super::item::{Item, Target};
use crate::diag::Errors;
use crate::diag::connector::{argument, target, value};
use crate::words::connector::{Argument, CONNECTOR};

pub(super) fn check(args: &Args, item: &Item, tokens: &TokenStream, errors: &mut Errors) {
    check_task_type_given(args, tokens, errors);
    check_task_types_distinct(args, errors);
    check_versions_distinct(args, errors);
    check_no_metadata_of_sync(args, errors);
    check_not_generic(item, errors);
    check_attribute_once(item, errors);
}

// Forbidden: `#[connector(version = 1)]`.
fn check_task_type_given(args: &Args, item: &TokenStream, errors: &mut Errors) {
    if !args.mentions(Argument::TaskType) {
        errors.push(argument::missing_task_type(item));
    }
}

// Forbidden: `#[connector(task_type = ["a", "a"])]`.
fn check_task_types_distinct(args: &Args, errors: &mut Errors) {
    let mut seen = Vec::new();
    for name in args.task_types.iter().flatten() {
        if seen.contains(&name.value()) {
            errors.push(value::value_task_type_repeated(name));
        } else {
            seen.push(name.value());
        }
    }
}

// Forbidden: `#[connector(task_type = "a", version = [1, 1])]`.
fn check_versions_distinct(args: &Args, errors: &mut Errors) {
    let mut seen = Vec::new();
    for version in args.versions.iter().flatten() {
        if seen.contains(&version.number) {
            errors.push(value::value_version_repeated(version.number, &version.written));
        } else {
            seen.push(version.number);
        }
    }
}

// Forbidden: `#[connector(task_type = "a", sync, meta = RenderJob)]`.
fn check_no_metadata_of_sync(args: &Args, errors: &mut Errors) {
    if args.sync
        && let Some(meta) = &args.meta
    {
        errors.push(value::value_meta_of_sync(meta));
    }
}

// Forbidden: `#[connector(task_type = "a")] struct Batch<T>(T);`.
fn check_not_generic(item: &Item, errors: &mut Errors) {
    let Target::Connector { name } = &item.target else {
        return;
    };
    let generics = &item.generics;
    let has = |kind: fn(&GenericParam) -> bool| generics.params.iter().any(kind);
    if has(|param| matches!(param, GenericParam::Type(_))) {
        errors.push(target::target_generic(name, generics));
    } else if has(|param| matches!(param, GenericParam::Const(_))) {
        errors.push(target::target_const_generic(name, generics));
    } else if has(|param| matches!(param, GenericParam::Lifetime(_))) {
        errors.push(target::target_lifetime(name, generics));
    } else if let Some(clause) = &generics.where_clause {
        errors.push(target::target_where_clause(name, clause));
    }
}

// Forbidden: `#[connector(task_type = "a")] #[connector(task_type = "b")] struct G;`.
// Each expansion reports the one after it, and the last one registers the connector.
fn check_attribute_once(item: &Item, errors: &mut Errors) {
    if let Some(second) = item.second_attribute() {
        errors.push(target::duplicate_attribute(second));
    }
}

impl Item {
    /// Another `#[connector]` on the same item.
    pub(super) fn second_attribute(&self) -> Option<&syn::Attribute> {
        self.attributes.iter().find(|attribute| {
            attribute.path().segments.last().is_some_and(|last| last.ident == CONNECTOR)
        })
    }
}
