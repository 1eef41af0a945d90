//! Tests that compare whole expansions with the files in `snapshots/`.
//! `BLESS=1 cargo test -p connector-macros` records them anew; read the difference before committing.
//! Few on purpose: what an expansion does is asserted in `tests/ui` and in `connector-core`.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Item;

use super::expand;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/connector")
}

/// The expansion of the first `#[connector]` in a file, printed.
fn expansion(source: &str) -> String {
    let file = syn::parse_file(source).unwrap();
    let mut item = file.items.into_iter().next().unwrap();
    let attributes = match &mut item {
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        other => panic!("no attributes are taken from {}", other.to_token_stream()),
    };
    let place = attributes.iter().position(|a| a.path().is_ident("connector")).unwrap();
    let args = match attributes.remove(place).meta {
        syn::Meta::List(list) => list.tokens,
        syn::Meta::Path(_) | syn::Meta::NameValue(_) => TokenStream::new(),
    };
    let output = expand(args, item.to_token_stream());
    prettyplease::unparse(&syn::parse2(output).unwrap())
}

fn inputs() -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_str().unwrap().ends_with(".expanded.rs"))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn expansions_are_as_recorded() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    for input in inputs() {
        let recorded = input.with_extension("expanded.rs");
        let now = expansion(&fs::read_to_string(&input).unwrap());
        if bless {
            fs::write(&recorded, now).unwrap();
        } else if fs::read_to_string(&recorded).unwrap_or_default() != now {
            different.push(format!("{} expands to\n{now}", input.display()));
        }
    }
    assert!(inputs().len() >= 8, "snapshots are missing");
    assert!(different.is_empty(), "{}\nBLESS=1 records this", different.join("\n"));
}

#[test]
fn the_documentation_shows_the_recorded_expansion() {
    let recorded = fs::read_to_string(folder().join("documented.expanded.rs")).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../connector-core/docs/connector.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains(&recorded), "connector.md does not show\n{recorded}");
}

/// With `crate = ...`, a program that knows no `connector_core` must compile.
#[test]
fn the_default_crate_is_not_named_beside_another() {
    let item = quote!(
        struct G;
    );
    for more in [quote!(), quote!(init = connect), quote!(version = "1")] {
        let args = quote!(task_type = "render", crate = ::other::core, #more);
        let output = expand(args, item.clone()).to_string();
        assert!(output.contains(":: other :: core as __connector_core"), "{output}");
        assert_eq!(output.replace("__connector_core", "").find("connector_core"), None, "{output}");
    }
}

/// Names that generated code brings into scope begin with `__connector_`.
#[test]
fn generated_names_have_a_prefix_of_their_own() {
    let output = expand(
        quote!(task_type = "render", init = connect),
        quote!(
            struct G;
        ),
    );
    let file: syn::File = syn::parse2(output).unwrap();
    let Some(Item::Const(scope)) = file.items.last() else { panic!("no scope") };
    let text = scope.to_token_stream().to_string();
    for (before, after) in
        text.match_indices(" as ").map(|(place, word)| text.split_at(place + word.len()))
    {
        assert!(after.starts_with("__connector_"), "{before}|{after}");
    }
    assert!(text.contains("fn instance (__connector_settings :"), "{text}");
}
