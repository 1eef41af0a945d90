//! Tests that compare whole expansions with the files in `snapshots/<derive>/`.
//! `BLESS=1 cargo test -p connector-macros` records them anew; read the difference before committing.
//! Few on purpose: what an expansion does is asserted in `tests/ui` and in `connector-core`.

use std::fs;
use std::path::{Path, PathBuf};

use quote::{ToTokens, quote};

use super::expand;
use crate::words::derive::Derive;

const FOLDERS: [(Derive, &str); 5] = [
    (Derive::TaskInputs, "task_inputs"),
    (Derive::TaskOutputs, "task_outputs"),
    (Derive::TaskConfig, "task_config"),
    (Derive::TaskConnection, "task_connection"),
    (Derive::FlyteType, "flyte_type"),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name)
}

/// The expansion of the type in a file, printed.
fn expansion(derive: Derive, source: &str) -> String {
    let item: syn::DeriveInput = syn::parse_str(source).unwrap();
    let output = expand(derive, item.to_token_stream());
    prettyplease::unparse(&syn::parse2(output).unwrap())
}

fn inputs(name: &str) -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder(name))
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
    let mut count = 0;
    for (derive, name) in FOLDERS {
        for input in inputs(name) {
            let recorded = input.with_extension("expanded.rs");
            let now = expansion(derive, &fs::read_to_string(&input).unwrap());
            count += 1;
            if bless {
                fs::write(&recorded, now).unwrap();
            } else if fs::read_to_string(&recorded).unwrap_or_default() != now {
                different.push(format!("{} expands to\n{now}", input.display()));
            }
        }
    }
    assert!(count >= 10, "snapshots are missing");
    assert!(different.is_empty(), "{}\nBLESS=1 records this", different.join("\n"));
}

#[test]
fn the_documentation_shows_the_recorded_expansion() {
    for (_, name) in FOLDERS {
        let recorded = fs::read_to_string(folder(name).join("documented.expanded.rs")).unwrap();
        let page = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../connector-core/docs")
            .join(format!("{name}.md"));
        let page = fs::read_to_string(page).unwrap();
        assert!(page.contains(&recorded), "{name}.md does not show\n{recorded}");
    }
}

/// With `crate = ...`, a program that knows no `connector_core` must compile.
#[test]
fn the_default_crate_is_not_named_beside_another() {
    for derive in Derive::ALL {
        let attribute = proc_macro2::Ident::new(derive.attribute(), proc_macro2::Span::call_site());
        for field in [quote!(x: i64), quote!(#[#attribute(rename = "")] x: i64)] {
            let item = quote!(#[#attribute(crate = ::other::core)] struct G { #field });
            let output = expand(derive, item).to_string();
            assert!(output.contains(":: other :: core as __connector_core"), "{output}");
            let rest = output.replace("__connector_core", "");
            assert_eq!(rest.find("connector_core"), None, "{output}");
        }
    }
}

/// Names that generated code brings into scope begin with `__connector_`.
#[test]
fn generated_names_have_a_prefix_of_their_own() {
    for (derive, name) in FOLDERS {
        for input in inputs(name) {
            let item: syn::DeriveInput =
                syn::parse_str(&fs::read_to_string(&input).unwrap()).unwrap();
            let output = expand(derive, item.to_token_stream());
            let file: syn::File = syn::parse2(output).unwrap();
            let mut names = Names::default();
            syn::visit::visit_file(&mut names, &file);
            for name in names.0 {
                assert!(name.starts_with("__connector_"), "{name} in {}", input.display());
            }
        }
    }
}

/// What patterns and imports bind.
#[derive(Default)]
struct Names(Vec<String>);

impl<'ast> syn::visit::Visit<'ast> for Names {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.0.push(pattern.ident.to_string());
    }

    fn visit_use_rename(&mut self, rename: &'ast syn::UseRename) {
        self.0.push(rename.rename.to_string());
    }
}
