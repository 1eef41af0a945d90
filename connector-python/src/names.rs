//! Names in Python: of classes, modules and fields, and what a name must not be.
//! The other files ask here, and nothing in here knows what a name is for beyond that.

/// Words that Python keeps for itself.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Names that annotations are made of: a field with one of them would hide it from the fields below.
const ANNOTATIONS: [&str; 18] = [
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
    "NotRequired",
    "Config",
];

/// What pydantic's models have themselves; beside these everything that begins with `model_`.
const OF_MODELS: [&str; 15] = [
    "construct",
    "copy",
    "dict",
    "from_orm",
    "json",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "schema",
    "schema_json",
    "update_forward_refs",
    "validate",
    "fields",
    "register",
    "mro",
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

/// Whether this can be a field of a named tuple, whose methods have names, too.
pub(crate) fn is_field_of_tuple(text: &str) -> bool {
    is_field(text) && !text.starts_with('_') && !["count", "index"].contains(&text)
}

/// Whether this can be a field of a pydantic model.
pub(crate) fn is_field_of_model(text: &str) -> bool {
    let own = OF_MODELS.contains(&text) || text.starts_with("model_");
    is_field(text) && !text.starts_with('_') && !own
}

/// A name that is as close to `text` as `fits` allows, and not among those in use.
pub(crate) fn field(text: &str, fits: fn(&str) -> bool, in_use: impl Fn(&str) -> bool) -> String {
    let takes = |name: &str| fits(name) && !in_use(name);
    if takes(text) {
        return text.to_owned();
    }
    let safe = text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
    let safe = safe.trim_start_matches('_');
    let base = match safe.chars().next() {
        None => "field".to_owned(),
        Some(first) if first.is_ascii_alphabetic() => safe.to_owned(),
        Some(_) => format!("field_{safe}"),
    };
    let near = [base.clone(), format!("{base}_")].into_iter().find(|name| takes(name));
    near.unwrap_or_else(|| {
        let mut name = format!("field_{}", base.to_ascii_lowercase());
        while !takes(&name) {
            name.push('_');
        }
        name
    })
}

/// A name for a class that is as close to `text` as Python allows, and not among those in use.
pub(crate) fn type_name(text: &str, in_use: impl Fn(&str) -> bool) -> String {
    if is_field(text) && !in_use(text) {
        return text.to_owned();
    }
    let safe = text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
    let safe = safe.trim_start_matches('_');
    let base = match safe.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => safe.to_owned(),
        _ => format!("Type{safe}"),
    };
    // `class` is `class_`; the second `Point` is `Point2`.
    let plain = [base.clone(), format!("{base}_")].into_iter().find(|name| is_field(name));
    let plain = plain.unwrap_or(base);
    let mut name = plain.clone();
    let mut number = 1;
    while in_use(&name) {
        number += 1;
        name = format!("{plain}{number}");
    }
    name
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

/// The words of a Python text that can be names: what a class must not be called beside it.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let split = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    split.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Whether a member can be written as an attribute.
pub(crate) fn is_member(member: &str) -> bool {
    is_identifier(member) && !member.starts_with('_')
}

#[cfg(test)]
mod tests {
    use super::{
        class, field, is_field, is_field_of_model, is_field_of_tuple, is_identifier, module,
        type_name, words,
    };

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
            ("", "field"),
        ] {
            assert_eq!(field(text, is_field, |_| false), expected);
        }
        assert!(is_identifier("int") && !is_identifier("") && !is_identifier("None"));
        assert_eq!(field("x-y", is_field, |name| name == "x_y"), "x_y_");
        assert_eq!(field("count", is_field_of_tuple, |_| false), "count_");
        assert_eq!(field("_x", is_field_of_tuple, |_| false), "x");
        assert_eq!(field("json", is_field_of_model, |_| false), "json_");
        assert_eq!(field("model_x", is_field_of_model, |_| false), "field_model_x");
    }

    #[test]
    fn classes_of_one_name_are_numbered() {
        for (text, expected) in [
            ("Mode", "Mode"),
            ("class", "class_"),
            ("None", "None_"),
            ("My-Mode", "My_Mode"),
            ("3d", "Type3d"),
            ("File", "File_"),
            ("Point", "Point3"),
        ] {
            let in_use = |name: &str| ["Point", "Point2"].contains(&name);
            assert_eq!(type_name(text, in_use), expected);
        }
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

    #[test]
    fn words_of_a_text_are_what_could_be_names() {
        let found: Vec<&str> = words("raise ValueError(f\"{x.y}\") from _e").collect();
        assert_eq!(found, ["raise", "ValueError", "f", "x", "y", "from"]);
    }
}
