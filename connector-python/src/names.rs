//! Names in Python: of classes, modules and fields, and what a name must not be.
//! The other files of this folder ask here; nothing else in the server writes Python.

/// Words that Python keeps for itself.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Names that annotations are made of: a field with one of them would hide it from the fields below.
const ANNOTATIONS: [&str; 16] = [
    "int",
    "float",
    "str",
    "bool",
    "bytes",
    "list",
    "dict",
    "tuple",
    "datetime",
    "enum",
    "dataclasses",
    "pydantic",
    "File",
    "Dir",
    "DataFrame",
    "Any",
];

/// Whether Python takes this for a name.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') && !KEYWORDS.contains(&text)
}

/// Whether this can be a field of a class as it is.
pub(crate) fn is_field(text: &str) -> bool {
    is_identifier(text) && !text.starts_with("__") && !ANNOTATIONS.contains(&text)
}

/// A field's name that is as close to `text` as Python allows.
pub(crate) fn field(text: &str) -> String {
    if is_field(text) {
        return text.to_owned();
    }
    let safe = text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
    let safe = safe.trim_start_matches('_');
    match safe.chars().next() {
        Some(first) if first.is_ascii_alphabetic() && is_field(safe) => safe.to_owned(),
        Some(first) if first.is_ascii_alphabetic() => format!("{safe}_"),
        _ => format!("field_{safe}"),
    }
}

/// A task type as the beginning of class names: `typed_echo` is `TypedEcho`.
pub(crate) fn class(task_type: &str) -> String {
    let words = task_type.split(|c: char| !c.is_ascii_alphanumeric());
    let joined: String = words
        .map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or_default();
            first.to_ascii_uppercase() + rest
        })
        .collect();
    if joined.starts_with(|c: char| c.is_ascii_alphabetic()) {
        joined
    } else {
        format!("Flyte{joined}")
    }
}

/// The module of a task type: `typed-echo` is `typed_echo_task`.
pub(crate) fn module(task_type: &str) -> String {
    let lower = task_type.to_ascii_lowercase();
    let safe = lower.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let safe = safe.trim_matches('_');
    if safe.starts_with(|c: char| c.is_ascii_alphabetic()) {
        format!("{safe}_task")
    } else {
        format!("flyte_{safe}_task")
    }
}

#[cfg(test)]
mod tests {
    use super::{class, field, is_field, is_identifier, module};

    #[test]
    fn names_are_what_python_takes() {
        for (text, expected) in [
            ("fps", "fps"),
            ("from", "from_"),
            ("api-key", "api_key"),
            ("int", "int_"),
            ("2d", "field_2d"),
            ("__x", "x"),
            ("größe", "gr__e"),
        ] {
            assert_eq!(field(text), expected);
            assert!(is_field(&field(text)), "{text}");
        }
        assert!(is_identifier("int") && !is_identifier("") && !is_identifier("None"));
    }

    #[test]
    fn task_types_become_classes_and_modules() {
        for (task_type, class_name, module_name) in [
            ("typed_echo", "TypedEcho", "typed_echo_task"),
            ("Spark", "Spark", "spark_task"),
            ("my-farm.render", "MyFarmRender", "my_farm_render_task"),
            ("3d", "Flyte3d", "flyte_3d_task"),
        ] {
            assert_eq!(class(task_type), class_name);
            assert_eq!(module(task_type), module_name);
        }
    }
}
