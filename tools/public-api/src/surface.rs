//! What one crate makes public, out of rustdoc's JSON: the paths of its items, and the types of other
//! crates that its signatures name. What is hidden from the documentation is not in there.
//! `main` compares and writes it; nothing here runs anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// Everything that users can name, and what they must know to use it.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    /// Kind and paths, by rustdoc's number of the item.
    items: BTreeMap<u64, (String, BTreeSet<String>)>,
    /// Re-exports of things that other crates define.
    foreign_items: BTreeSet<String>,
    /// The items of each other crate that a signature names.
    foreign_types: BTreeMap<String, BTreeSet<String>>,
}

/// The module whose re-exports are there to be imported at once, beside their own paths.
const PRELUDE: &str = "::prelude";
/// Crates that nobody need know of: the standard library, and those of this workspace, of which each has
/// a list of its own.
fn is_known(owner: &str) -> bool {
    matches!(owner, "alloc" | "core" | "std") || owner.starts_with("connector_")
}

impl Surface {
    /// Reads rustdoc's JSON.
    ///
    /// # Errors
    /// It has another shape than this program knows.
    pub(crate) fn of(json: &Value) -> Result<Self, String> {
        let told = Told { json };
        let root = json.get("root").and_then(Value::as_u64).ok_or("rustdoc named no root")?;
        let (_, name, _) = told.item(root).ok_or("rustdoc left out the root")?;
        let mut surface = Self::default();
        surface.walk(&told, root, name, &mut Vec::new());
        for item in told.index() {
            if !surface.is_out_of_sight(&told, item) {
                surface.name_types(&told, item);
            }
        }
        if surface.items.len() < 10 {
            return Err("rustdoc told of hardly any items; has its JSON changed?".to_owned());
        }
        Ok(surface)
    }

    /// Items that users find under several paths.
    pub(crate) fn ambiguous(&self) -> impl Iterator<Item = String> {
        let own = |paths: &BTreeSet<String>| -> Vec<String> {
            paths.iter().filter(|path| !path.contains(PRELUDE)).cloned().collect()
        };
        self.items.values().filter_map(move |(kind, paths)| {
            let paths = own(paths);
            (paths.len() > 1).then(|| format!("one {kind} has the paths {}", paths.join(" and ")))
        })
    }

    /// Notes a module and all that is in it.
    fn walk(&mut self, told: &Told<'_>, id: u64, path: &str, above: &mut Vec<u64>) {
        // A module may re-export one that holds it.
        if above.contains(&id) {
            return;
        }
        let Some((_, _, inner)) = told.item(id) else { return };
        above.push(id);
        for child in numbers(inner.get("items")) {
            self.visit(told, child, path, above);
        }
        above.pop();
    }

    fn visit(&mut self, told: &Told<'_>, id: u64, path: &str, above: &mut Vec<u64>) {
        let Some((kind, name, inner)) = told.item(id) else { return };
        if kind != "use" {
            self.note(told, id, kind, &format!("{path}::{name}"), above);
            return;
        }
        let name = inner.get("name").and_then(Value::as_str).unwrap_or_default();
        let target = inner.get("id").and_then(Value::as_u64);
        let known = target.and_then(|target| Some((target, told.item(target)?.0)));
        let is_glob = inner.get("is_glob").and_then(Value::as_bool).unwrap_or_default();
        match known {
            Some((target, _)) if is_glob => self.walk(told, target, path, above),
            Some((target, kind)) => {
                self.note(told, target, kind, &format!("{path}::{name}"), above);
            }
            None => {
                let source = inner.get("source").and_then(Value::as_str).unwrap_or_default();
                // Within the crate it stands under its own path already.
                if !source.starts_with("crate::") {
                    self.foreign_items.insert(format!("use {path}::{name} = {source}"));
                }
            }
        }
    }

    fn note(&mut self, told: &Told<'_>, id: u64, kind: &str, path: &str, above: &mut Vec<u64>) {
        let entry = self.items.entry(id).or_insert_with(|| (kind.to_owned(), BTreeSet::new()));
        entry.1.insert(path.to_owned());
        if kind == "module" {
            self.walk(told, id, path, above);
        }
    }

    /// Whether an item is an impl that says nothing about this crate: one for everything there is, or
    /// one for a type that the documentation hides.
    fn is_out_of_sight(&self, told: &Told<'_>, item: &Value) -> bool {
        let Some(block) = item.get("impl") else { return false };
        let is_blanket = block.get("blanket_impl").is_some_and(|generic| !generic.is_null());
        let target = block.pointer("/for/resolved_path/id").and_then(Value::as_u64);
        let is_hidden =
            target.is_some_and(|id| told.owner(id).is_none() && !self.items.contains_key(&id));
        is_blanket || is_hidden
    }

    /// Notes every type and trait of another crate that an item's signature names.
    fn name_types(&mut self, told: &Told<'_>, value: &Value) {
        match value {
            Value::Object(fields) => {
                let is_path = fields.contains_key("path") && fields.contains_key("args");
                if let Some(id) = fields.get("id").and_then(Value::as_u64).filter(|_| is_path)
                    && let Some((owner, path)) = told.owner(id)
                    && !is_known(owner)
                {
                    self.foreign_types.entry(owner.to_owned()).or_default().insert(path);
                }
                fields.values().for_each(|value| self.name_types(told, value));
            }
            Value::Array(items) => items.iter().for_each(|value| self.name_types(told, value)),
            _ => {}
        }
    }
}

/// Rustdoc's JSON, by what is asked of it.
struct Told<'a> {
    json: &'a Value,
}

impl<'a> Told<'a> {
    /// Kind, name and content of an item of this crate.
    fn item(&self, id: u64) -> Option<(&'a str, &'a str, &'a Value)> {
        let item = self.json.get("index")?.get(id.to_string())?;
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
        let (kind, inner) = item.get("inner")?.as_object()?.iter().next()?;
        Some((kind, name, inner))
    }

    /// The content of every item of this crate.
    fn index(&self) -> impl Iterator<Item = &'a Value> {
        let items = self.json.get("index").and_then(Value::as_object).into_iter().flatten();
        items.filter_map(|(_, item)| {
            let is_own = item.get("crate_id").and_then(Value::as_u64) == Some(0);
            item.get("inner").filter(|_| is_own)
        })
    }

    /// The crate that defines an item, if it is another one, and where it stands there.
    fn owner(&self, id: u64) -> Option<(&'a str, String)> {
        let summary = self.json.get("paths")?.get(id.to_string())?;
        let owner = summary.get("crate_id").and_then(Value::as_u64).filter(|owner| *owner != 0)?;
        let owner = self.json.get("external_crates")?.get(owner.to_string())?.get("name")?;
        let path: Vec<&str> =
            summary.get("path")?.as_array()?.iter().filter_map(Value::as_str).collect();
        Some((owner.as_str()?, path.join("::")))
    }
}

fn numbers(list: Option<&Value>) -> impl Iterator<Item = u64> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64)
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Written by `cargo run -p public-api`. CI fails on a difference.\n")?;
        writeln!(f, "# Types and traits of other crates in public signatures: part of the API.")?;
        for path in self.foreign_types.values().flatten() {
            writeln!(f, "{path}")?;
        }
        writeln!(f, "\n# Re-exports of what other crates define.")?;
        for item in &self.foreign_items {
            writeln!(f, "{item}")?;
        }
        writeln!(f, "\n# Items; those of the prelude stand under their own paths.")?;
        let mut items: Vec<(&str, &str)> = Vec::new();
        for (kind, paths) in self.items.values() {
            let own = paths.iter().find(|path| !path.contains(PRELUDE));
            items.extend(own.map(|path| (path.as_str(), kind.as_str())));
        }
        items.sort_unstable();
        items.iter().try_for_each(|(path, kind)| writeln!(f, "{kind} {path}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Surface;

    fn item(name: &str, kind: &str, inner: &Value) -> Value {
        json!({"crate_id": 0, "name": name, "inner": {kind: inner}})
    }

    fn module(name: &str, items: &[u64]) -> Value {
        item(name, "module", &json!({"items": items}))
    }

    fn reexport(of: u64, name: &str) -> Value {
        let inner = json!({"source": "a::b", "name": name, "id": of, "is_glob": false});
        item("", "use", &inner)
    }

    /// A crate `k` of ten structs, with these items beside them.
    fn surface(more: &[(u64, Value)]) -> Surface {
        let mut root: Vec<u64> = (1..=10).collect();
        root.extend(more.iter().map(|(id, _)| *id).filter(|id| *id < 100));
        let mut json = json!({
            "root": 0,
            "index": {"0": module("k", &root)},
            "paths": {"900": {"crate_id": 7, "path": ["bytes", "Bytes"]}, "901": {"crate_id": 1, "path": ["std", "Vec"]}},
            "external_crates": {"1": {"name": "std"}, "7": {"name": "bytes"}},
        });
        for id in 1..=10_u64 {
            json["index"][id.to_string()] = item(&format!("S{id}"), "struct", &json!({}));
        }
        for (id, value) in more {
            json["index"][id.to_string()] = value.clone();
        }
        Surface::of(&json).expect("a surface")
    }

    fn named(id: u64) -> Value {
        json!({"resolved_path": {"path": "X", "id": id, "args": null}})
    }

    fn foreign(surface: &Surface) -> Vec<&str> {
        surface.foreign_types.values().flatten().map(String::as_str).collect()
    }

    #[test]
    fn a_type_of_another_crate_is_found_wherever_a_signature_names_it() {
        assert!(foreign(&surface(&[])).is_empty());
        let takes = |id| item("f", "function", &json!({"sig": {"inputs": [["x", named(id)]]}}));
        assert_eq!(foreign(&surface(&[(11, takes(900))])), ["bytes::Bytes"]);
        assert!(foreign(&surface(&[(11, takes(901))])).is_empty(), "std is nobody's news");
        let deep = json!({"type": {"slice": {"tuple": [named(900)]}}});
        assert_eq!(foreign(&surface(&[(11, item("T", "type_alias", &deep))])), ["bytes::Bytes"]);
    }

    #[test]
    fn impls_count_for_types_that_are_in_sight() {
        let block = |target: u64, blanket: Value| {
            let inner = json!({"trait": {"path": "T", "id": 900, "args": null}, "for": named(target), "blanket_impl": blanket});
            item("", "impl", &inner)
        };
        assert_eq!(foreign(&surface(&[(200, block(1, Value::Null))])), ["bytes::Bytes"]);
        assert!(foreign(&surface(&[(200, block(1, json!({"generic": "T"})))])).is_empty());
        assert!(foreign(&surface(&[(200, block(199, Value::Null))])).is_empty(), "hidden");
    }

    #[test]
    fn a_second_path_is_told_unless_it_is_the_prelude() {
        let twice = surface(&[(11, module("m", &[300])), (300, reexport(1, "S1"))]);
        let told: Vec<String> = twice.ambiguous().collect();
        assert_eq!(told, ["one struct has the paths k::S1 and k::m::S1"]);
        let prelude = surface(&[(11, module("prelude", &[300])), (300, reexport(1, "S1"))]);
        assert_eq!(prelude.ambiguous().count(), 0);
        assert!(prelude.to_string().contains("struct k::S1\n"));
    }

    #[test]
    fn re_exports_of_other_crates_are_told() {
        let outside = json!({"source": "jiff", "name": "jiff", "id": 5_000, "is_glob": false});
        let text = surface(&[(11, item("", "use", &outside))]).to_string();
        assert!(text.contains("use k::jiff = jiff\n"), "{text}");
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(Surface::of(&json!({})).is_err());
        assert!(Surface::of(&json!({"root": 0, "index": {"0": module("k", &[])}})).is_err());
    }
}
