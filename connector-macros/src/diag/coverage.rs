//! Tests that every message has a compile-fail case of its name, and every case a message.
//! Reads the sources of the messages, so a new constructor is found without being listed.
//! Only names are compared here; `tests/ui` compares the texts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::{Item, ReturnType, Visibility};

/// Cases in these folders show messages of rustc, or several of ours.
const WITHOUT_MESSAGE: [&str; 2] = ["trait", "several"];

const DERIVES: [&str; 5] =
    ["task_inputs", "task_outputs", "task_config", "task_connection", "flyte_type"];

/// Only the derives have words without a value.
const ABOUT_FLAGS: &str = "syntax_value_of_flag";

/// Messages of every macro.
const SHARED: [&str; 2] = [include_str!("argument.rs"), include_str!("value.rs")];

const OF_CONNECTOR: [&str; 3] = [
    include_str!("connector/argument.rs"),
    include_str!("connector/target.rs"),
    include_str!("connector/value.rs"),
];

const OF_DERIVES: [&str; 4] = [
    include_str!("derive/attribute.rs"),
    include_str!("derive/field.rs"),
    include_str!("derive/target.rs"),
    include_str!("derive/variant.rs"),
];

/// `missing_task_type` for every constructor in the sources.
fn messages(sources: &[&str]) -> BTreeSet<String> {
    sources
        .iter()
        .flat_map(|source| syn::parse_file(source).unwrap().items)
        .filter_map(|item| match item {
            Item::Fn(function) if is_constructor(&function) => Some(function.sig.ident.to_string()),
            _ => None,
        })
        .collect()
}

fn is_constructor(function: &syn::ItemFn) -> bool {
    let returned = match &function.sig.output {
        ReturnType::Type(_, ty) => quote::quote!(#ty).to_string(),
        ReturnType::Default => String::new(),
    };
    returned == "Diagnostic" && !matches!(function.vis, Visibility::Inherited)
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/fail").join(name)
}

/// `missing/task_type_bare` for `missing/task_type_bare.stderr`, in every kind's folder.
fn cases(name: &str) -> BTreeSet<(String, String)> {
    let mut cases = BTreeSet::new();
    for kind in std::fs::read_dir(folder(name)).unwrap() {
        let kind = kind.unwrap();
        for case in std::fs::read_dir(kind.path()).unwrap() {
            let case = case.unwrap().path();
            if case.extension().is_some_and(|extension| extension == "stderr") {
                let rule = case.file_stem().unwrap().to_str().unwrap().to_owned();
                cases.insert((kind.file_name().into_string().unwrap(), rule));
            }
        }
    }
    cases
}

/// `missing_task_type_bare` for the cases that show one message of ours.
fn names(folders: &[&str]) -> BTreeSet<String> {
    let cases = folders.iter().flat_map(|folder| cases(folder));
    cases
        .filter(|(kind, _)| !WITHOUT_MESSAGE.contains(&kind.as_str()))
        .map(|(kind, rule)| format!("{kind}_{rule}"))
        .collect()
}

fn check_every_message_has_a_case(messages: &BTreeSet<String>, folders: &[&str]) {
    let names = names(folders);
    let missing: Vec<_> = messages.difference(&names).collect();
    assert!(missing.is_empty(), "no case below tests/ui/fail in {folders:?} for {missing:?}");
}

fn check_every_case_has_a_message(messages: &BTreeSet<String>, folder: &str) {
    let stray: Vec<_> = names(&[folder])
        .into_iter()
        .filter(|case| !messages.iter().any(|message| case.starts_with(message.as_str())))
        .collect();
    assert!(stray.is_empty(), "no message is called like these cases of {folder}: {stray:?}");
}

#[test]
fn every_message_of_the_attribute_has_a_case() {
    let mut messages = messages(&[&SHARED[..], &OF_CONNECTOR].concat());
    assert!(messages.len() >= 40, "only {} messages found", messages.len());
    check_every_case_has_a_message(&messages, "connector");
    messages.remove(ABOUT_FLAGS);
    check_every_message_has_a_case(&messages, &["connector"]);
}

#[test]
fn every_message_of_the_derives_has_a_case() {
    let messages = messages(&[&SHARED[..], &OF_DERIVES].concat());
    assert!(messages.len() >= 30, "only {} messages found", messages.len());
    check_every_message_has_a_case(&messages, &DERIVES);
    for derive in DERIVES {
        check_every_case_has_a_message(&messages, derive);
    }
}

#[test]
fn every_message_of_serdes_derives_has_a_case() {
    let messages = messages(&[include_str!("serial.rs")]);
    let folders = ["serialize", "deserialize"];
    assert!(!messages.is_empty(), "no message found");
    for folder in folders {
        check_every_message_has_a_case(&messages, &[folder]);
        check_every_case_has_a_message(&messages, folder);
    }
}

/// The derives share their messages, so each shows for itself that it gives those of every kind.
#[test]
fn every_derive_has_cases_of_every_kind() {
    for derive in DERIVES {
        let kinds: BTreeSet<String> = cases(derive).into_iter().map(|(kind, _)| kind).collect();
        for kind in ["missing", "duplicate", "unknown", "value", "syntax", "target", "trait"] {
            assert!(kinds.contains(kind), "{derive} has no case of kind {kind}");
        }
        // An output is only renamed: nothing can conflict.
        assert_eq!(kinds.contains("conflict"), derive != "task_outputs", "{derive}");
    }
}
