//! The modules of a crate, what each defines and names, and which file needs which.
//! A name is followed through re-exports to the file that defines it; what only tests need does not count.
//! A file and those in the folder of its name are one room: arrows between them are not judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, Meta, UseTree};

use crate::Failure;
use crate::graph::Arrows;

/// A path within the crate, from its root on.
type Names = Vec<String>;

/// So many re-exports are followed: they may go round.
const DEEPEST: usize = 8;

/// A crate, by the paths of its modules.
pub(crate) struct Modules {
    modules: BTreeMap<Names, Module>,
}

#[derive(Default)]
struct Module {
    /// The module whose file it stands in: itself, unless it is written out within another.
    file: Names,
    defines: BTreeSet<String>,
    /// What is imported, by the name it has here; `*` for all of a module.
    imports: Vec<(String, Names)>,
    /// Paths in code, as they are written.
    paths: BTreeSet<Names>,
}

impl Modules {
    /// Reads a crate from its root file on.
    ///
    /// # Errors
    /// A file that cannot be read or is no Rust.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let mut modules = Self { modules: BTreeMap::new() };
        modules.read_file(root, &Vec::new(), root.parent().unwrap_or(root))?;
        Ok(modules)
    }

    fn read_file(&mut self, file: &Path, name: &Names, folder: &Path) -> Result<(), Failure> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = fs::read_to_string(file).map_err(|error| told(&error))?;
        let parsed = syn::parse_file(&text).map_err(|error| told(&error))?;
        self.read_items(&parsed.items, name, name, folder)
    }

    fn read_items(
        &mut self,
        items: &[Item],
        name: &Names,
        file: &Names,
        folder: &Path,
    ) -> Result<(), Failure> {
        let mut module = Module { file: file.clone(), ..Module::default() };
        for item in items {
            match item {
                Item::Mod(inner) if !is_test(&inner.attrs) => {
                    self.read_module(inner, name, file, folder)?;
                }
                Item::Use(used) if is_test(&used.attrs) => {}
                Item::Use(used) => flatten(&used.tree, &mut Vec::new(), &mut module.imports),
                other => module.note(other),
            }
        }
        self.modules.insert(name.clone(), module);
        Ok(())
    }

    fn read_module(
        &mut self,
        inner: &ItemMod,
        name: &Names,
        file: &Names,
        folder: &Path,
    ) -> Result<(), Failure> {
        let own = inner.ident.to_string();
        let path: Names = name.iter().cloned().chain([own.clone()]).collect();
        let below = folder.join(&own);
        if let Some((_, items)) = &inner.content {
            return self.read_items(items, &path, file, &below);
        }
        let elsewhere = path_of(&inner.attrs).map(|named| folder.join(named));
        let usual = [folder.join(format!("{own}.rs")), below.join("mod.rs")];
        let found: Option<PathBuf> =
            elsewhere.into_iter().chain(usual).find(|place| place.is_file());
        match found {
            Some(found) => self.read_file(&found, &path, &below),
            None => Err(format!("no file for the module `{}`", path.join("::")).into()),
        }
    }

    /// Which file needs which, by the modules that the files are.
    pub(crate) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (name, module) in &self.modules {
            let imported = module.imports.iter().map(|(_, path)| path);
            for path in imported.chain(&module.paths) {
                let path = self.absolute(name, path, 0);
                let target = path.and_then(|path| self.definition(&path, 0));
                let Some(target) = target else { continue };
                let is_one_room =
                    target.starts_with(&module.file) || module.file.starts_with(target);
                if !is_one_room {
                    arrows.entry(told(&module.file)).or_default().insert(told(target));
                }
            }
        }
        arrows
    }

    /// A path as it is seen from the crate's root, if it leads into the crate.
    fn absolute(&self, module: &[String], path: &[String], depth: usize) -> Option<Names> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" => return Some([module, rest].concat()),
            "super" => {
                let above = path.iter().take_while(|name| *name == "super").count();
                let parent = module.get(..module.len().checked_sub(above)?)?;
                return Some([parent, path.get(above..)?].concat());
            }
            _ => {}
        }
        let child = [module, std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) {
            return Some([&child, rest].concat());
        }
        let imports = &self.modules.get(module)?.imports;
        let (_, import) = imports.iter().find(|(known, _)| known == first)?;
        // What is imported from outside under its own name leads nowhere.
        if depth > DEEPEST || import.first() == Some(first) {
            return None;
        }
        Some([self.absolute(module, import, depth + 1)?, rest.to_vec()].concat())
    }

    /// The file that defines what stands at a path.
    fn definition(&self, path: &[String], depth: usize) -> Option<&Names> {
        let length = (0..=path.len()).rev().find(|length| {
            path.get(..*length).is_some_and(|front| self.modules.contains_key(front))
        })?;
        let (front, rest) = path.split_at_checked(length)?;
        let module = self.modules.get(front)?;
        let Some(name) = rest.first().filter(|name| !module.defines.contains(*name)) else {
            return Some(&module.file);
        };
        if depth > DEEPEST {
            return None;
        }
        let through = |(_, import): &(String, Names)| {
            let import = self.absolute(front, import, 0)?;
            self.definition(&[import, rest.get(1..)?.to_vec()].concat(), depth + 1)
        };
        let imports = || module.imports.iter();
        imports().filter(|(known, _)| known == name).find_map(through).or_else(|| {
            let globs = imports().filter(|(known, _)| known == "*");
            globs.filter_map(|(_, import)| self.absolute(front, import, 0)).find_map(|glob| {
                let holder = self.modules.get(&glob)?;
                let has = holder.defines.contains(name)
                    || holder.imports.iter().any(|(import, _)| import == name);
                if has { self.definition(&[glob, rest.to_vec()].concat(), depth + 1) } else { None }
            })
        })
    }
}

impl Module {
    /// Notes what an item defines and names.
    fn note(&mut self, item: &Item) {
        let (attributes, name) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            _ => return,
        };
        if is_test(attributes) {
            return;
        }
        self.defines.extend(name.map(ToString::to_string));
        let mut seen = Paths::default();
        seen.visit_item(item);
        self.paths.extend(seen.0);
    }
}

/// Every path of more than one name.
#[derive(Default)]
struct Paths(BTreeSet<Names>);

impl<'a> Visit<'a> for Paths {
    fn visit_path(&mut self, path: &'a syn::Path) {
        let names =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Names>();
        if names.len() > 1 && path.leading_colon.is_none() {
            self.0.insert(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, used: &'a syn::ItemUse) {
        let mut imports = Vec::new();
        flatten(&used.tree, &mut Vec::new(), &mut imports);
        self.0.extend(imports.into_iter().map(|(_, path)| path).filter(|path| path.len() > 1));
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.visit_path(&call.path);
        self.read(call.tokens.clone());
    }
}

impl Paths {
    /// Paths in what a macro is given, which need not be Rust.
    fn read(&mut self, tokens: TokenStream) {
        let mut path = Names::new();
        let mut colons = 0;
        for token in tokens {
            match &token {
                TokenTree::Punct(colon) if colon.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(name) if colons == 2 => path.push(name.to_string()),
                TokenTree::Ident(name) => {
                    self.keep(&mut path);
                    path.push(name.to_string());
                }
                TokenTree::Group(group) => {
                    self.keep(&mut path);
                    self.read(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.keep(&mut path),
            }
            colons = 0;
        }
        self.keep(&mut path);
    }

    fn keep(&mut self, path: &mut Names) {
        let whole = std::mem::take(path);
        if whole.len() > 1 {
            self.0.insert(whole);
        }
    }
}

fn flatten(tree: &UseTree, above: &mut Names, imports: &mut Vec<(String, Names)>) {
    match tree {
        UseTree::Path(path) => {
            above.push(path.ident.to_string());
            flatten(&path.tree, above, imports);
            above.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|inner| flatten(inner, above, imports));
        }
        UseTree::Glob(_) => imports.push(("*".to_owned(), above.clone())),
        UseTree::Name(name) => import(above, &name.ident, &name.ident, imports),
        UseTree::Rename(rename) => import(above, &rename.ident, &rename.rename, imports),
    }
}

fn import(above: &Names, name: &syn::Ident, here: &syn::Ident, imports: &mut Vec<(String, Names)>) {
    let mut path = above.clone();
    let mut here = here.to_string();
    if name == "self" {
        if here == "self" {
            here = above.last().cloned().unwrap_or_default();
        }
    } else {
        path.push(name.to_string());
    }
    imports.push((here, path));
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::Path(path) => path.is_ident("test"),
        Meta::NameValue(_) => false,
    })
}

/// The file that an attribute names for a module, also one that counts under a condition only.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

fn told(file: &Names) -> String {
    if file.is_empty() { "the root".to_owned() } else { file.join("/") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Modules;

    /// The arrows of a crate of these files, as `from → to`.
    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let arrows = Modules::read(&folder.path().join("lib.rs")).unwrap().arrows();
        let all = arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)));
        all.map(|(from, to)| format!("{from} → {to}")).collect()
    }

    #[test]
    fn a_file_needs_what_it_imports_or_names() {
        let b = ("b.rs", "pub struct B; pub fn make() -> B { B }");
        for a in [
            "use crate::b::B; fn f(_: B) {}",
            "use super::b; fn f() { b::make(); }",
            "fn f() -> crate::b::B { todo!() }",
            "fn f() { println!(\"{}\", crate::b::make()); }",
            "fn f() { use crate::b::B; }",
            "mod inner { use crate::b::B; }",
            "pub use crate::b::*;",
        ] {
            assert_eq!(arrows(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), b]), ["a → b"], "{a}");
        }
    }

    #[test]
    fn names_are_followed_to_the_file_that_defines_them() {
        let files = [
            ("lib.rs", "mod a; mod c; pub use c::d::D as Other;"),
            ("a.rs", "use crate::Other; use crate::c::D; use std::fmt;"),
            ("c/mod.rs", "pub mod d; pub use d::*;"),
            ("c/d.rs", "pub struct D;"),
        ];
        assert_eq!(arrows(&files), ["a → c/d"]);
    }

    #[test]
    fn tests_and_the_same_room_do_not_count() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "#[cfg(test)] use crate::b::B; #[cfg(test)] mod tests { use crate::b::B; }"),
            ("b/mod.rs", "mod c; pub struct B; pub use c::C; fn f(_: c::C) {}"),
            ("b/c.rs", "use super::B; pub struct C(B);"),
        ];
        assert!(arrows(&files).is_empty(), "{:?}", arrows(&files));
    }
}
