//! The imports of a generated module: those of what all modules carry, and those its types ask for.
//! Printed sorted and wrapped as ruff wants them.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::WIDTH;

/// What of Python's own library generated modules import from.
const STANDARD: [&str; 17] = [
    "asyncio",
    "atexit",
    "collections",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "enum",
    "hashlib",
    "inspect",
    "json",
    "math",
    "os",
    "threading",
    "types",
    "typing",
    "uuid",
];

/// Modules, and names out of modules.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    modules: BTreeSet<String>,
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Imports {
    /// The imports at the head of a Python text, over one line or in parentheses over several, without
    /// those of the text's own package.
    pub(crate) fn of(head: &str) -> Self {
        let mut imports = Self::default();
        let mut from = None;
        for line in head.lines() {
            if let Some(module) = line.strip_prefix("import ") {
                imports.module(module);
            } else if let Some((module, names)) =
                line.strip_prefix("from ").and_then(|line| line.split_once(" import "))
            {
                if module.starts_with('.') {
                    continue;
                }
                from = Some(module).filter(|_| names == "(");
                names.split(", ").filter(|name| *name != "(").for_each(|n| imports.name(module, n));
            } else if let (Some(module), Some(name)) = (from, line.trim().strip_suffix(',')) {
                imports.name(module, name);
            }
        }
        imports
    }

    pub(crate) fn module(&mut self, module: &str) {
        self.modules.insert(module.to_owned());
    }

    pub(crate) fn name(&mut self, module: &str, name: &str) {
        self.names.entry(module.to_owned()).or_default().insert(name.to_owned());
    }

    /// Leaves those that a Python text speaks of outside its docstrings.
    pub(crate) fn keep_used_in(&mut self, text: &str) {
        let code: String = text.split("\"\"\"").step_by(2).collect();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words: BTreeSet<&str> = code.split(|c| !is_word(c)).collect();
        self.modules.retain(|module| code.contains(&format!("{module}.")));
        self.names.values_mut().for_each(|names| names.retain(|name| words.contains(&**name)));
        self.names.retain(|_, names| !names.is_empty());
    }

    /// Every name that is imported, of modules the first part.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let modules = self.modules.iter().filter_map(|module| module.split('.').next());
        let modules: Vec<String> = modules.map(str::to_owned).collect();
        modules.into_iter().chain(self.names.values().flatten().cloned().collect::<Vec<_>>())
    }

    /// The lines: Python's own library first, modules before names.
    pub(crate) fn render(&self) -> String {
        let sections = [true, false].map(|standard| {
            let own = |module: &str| {
                module.split('.').next().is_some_and(|top| STANDARD.contains(&top)) == standard
            };
            let modules = self.modules.iter().filter(|module| own(module));
            let names = self.names.iter().filter(|(module, _)| own(module));
            modules
                .map(|module| format!("import {module}\n"))
                .chain(names.map(|(module, names)| from(module, names)))
                .collect::<String>()
        });
        sections.join("\n")
    }
}

fn from(module: &str, names: &BTreeSet<String>) -> String {
    // Constants, then classes, then the rest, as isort has it.
    let kind = |name: &str| match name {
        name if !name.chars().any(|c| c.is_ascii_lowercase()) && name.len() > 1 => 0,
        name if name.starts_with(|c: char| c.is_ascii_uppercase()) => 1,
        _ => 2,
    };
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_by_key(|name| (kind(name), name.to_ascii_lowercase(), *name));
    let line = format!("from {module} import {}\n", names.join(", "));
    if line.len() <= WIDTH + 1 {
        return line;
    }
    let names: String = names.iter().map(|name| format!("    {name},\n")).collect();
    format!("from {module} import (\n{names})\n")
}

#[cfg(test)]
mod tests {
    use super::Imports;

    #[test]
    fn what_only_docstrings_speak_of_is_not_imported() {
        let mut imports = Imports::of(
            "import enum\nimport copy\nfrom typing import Any, cast\nfrom .own import _a\nfrom os import path\n",
        );
        imports.name("other", "_B");
        imports.keep_used_in("\"\"\"A copy. of a cast path.\"\"\"\nx: Any = enum.Enum\ny = _B()\n");
        assert_eq!(
            imports.render(),
            "import enum\nfrom typing import Any\n\nfrom other import _B\n"
        );
    }

    #[test]
    fn imports_are_read_merged_and_sorted() {
        let head = "\"\"\"Doc.\"\"\"\n\nimport os\nfrom typing import Any\nfrom flyte.io import (\n    \
                    File,\n)\nimport grpc\n";
        let mut imports = Imports::of(head);
        imports.module("enum");
        imports.name("typing", "TYPE_CHECKING");
        imports.name("flyte.io", "Dir");
        assert_eq!(
            imports.render(),
            "import enum\nimport os\nfrom typing import TYPE_CHECKING, Any\n\n\
             import grpc\nfrom flyte.io import Dir, File\n"
        );
    }
}
