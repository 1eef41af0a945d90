//! Tests that every message has a compile-fail case of its name, and every case a message.
//! Reads the sources of the messages, so a new constructor is found without being listed.
//! Only names are compared here; `tests/ui` compares the texts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::{Item, ReturnType, Visibility};

/// Cases in these folders show messages of rustc, or several of ours.
const WITHOUT_MESSAGE: [&str; 2] = ["trait", "several"];

/// `missing_task_type` for every constructor in the files beside this one.
fn messages() -> BTreeSet<String> {
    let sources =
        [include_str!("argument.rs"), include_str!("target.rs"), include_str!("value.rs")];
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

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/fail/connector")
}

/// `missing_task_type_bare` for `missing/task_type_bare.stderr`.
fn cases() -> BTreeSet<String> {
    let mut cases = BTreeSet::new();
    for kind in std::fs::read_dir(folder()).unwrap() {
        let kind = kind.unwrap();
        let name = kind.file_name().into_string().unwrap();
        if WITHOUT_MESSAGE.contains(&name.as_str()) {
            continue;
        }
        for case in std::fs::read_dir(kind.path()).unwrap() {
            let case = case.unwrap().path();
            if case.extension().is_some_and(|extension| extension == "stderr") {
                cases.insert(format!("{name}_{}", case.file_stem().unwrap().to_str().unwrap()));
            }
        }
    }
    cases
}

#[test]
fn every_message_has_a_case() {
    let (messages, cases) = (messages(), cases());
    assert!(messages.len() >= 30, "only {} messages found", messages.len());
    let missing: Vec<_> = messages.difference(&cases).collect();
    assert!(missing.is_empty(), "no case in tests/ui/fail/connector for {missing:?}");
}

#[test]
fn every_case_is_named_after_a_message() {
    let (messages, cases) = (messages(), cases());
    let stray: Vec<_> = cases
        .iter()
        .filter(|case| !messages.iter().any(|message| case.starts_with(message.as_str())))
        .collect();
    assert!(stray.is_empty(), "no message is called like these cases: {stray:?}");
}
