//! The parts of a generated module that differ from connector to connector: settings, connection,
//! outputs by name, and what the task class declares of each. `module` puts them together.

use connector_core::typed::FieldDescription;

use crate::names;
use crate::text::{docstring, field_default, fitted, string};
use crate::types::{Fallback, Types};

/// Keys of the settings that Flyte reads as its own.
const TAKEN: [&str; 4] = ["secrets", "configs", "task_type", "taskType"];

/// A dataclass that stands for a part of the task.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its text.
    pub(crate) definition: String,
    /// Whether a task can leave all of it out.
    pub(crate) optional: bool,
}

/// The settings as a dataclass; nothing if there are none.
///
/// # Errors
/// A setting that Flyte would take for its own, or a type Python cannot have.
pub(crate) fn settings(
    name: &str,
    task_type: &str,
    fields: &[FieldDescription],
    types: &mut Types<'_>,
) -> Result<Option<Part>, String> {
    if let Some(taken) = fields.iter().find(|field| TAKEN.contains(&field.name.as_str())) {
        return Err(format!(
            "the setting `{}` cannot be sent: Flyte reads this key as its own",
            taken.name
        ));
    }
    let doc = format!("What a task of the type `{task_type}` can be told.");
    dataclass(name, &doc, fields, types, |field| (field.description.clone(), false))
}

/// The connection as a dataclass; nothing if there is none.
///
/// # Errors
/// A type Python cannot have.
pub(crate) fn connection(
    name: &str,
    task_type: &str,
    fields: &[FieldDescription],
    types: &mut Types<'_>,
) -> Result<Option<Part>, String> {
    let doc = format!(
        "Secrets and settings of the connection of a task of the type `{task_type}`.\n\n\
         Secrets are given by the names they have in Flyte, never by their values; a secret may be\n\
         left out where the operator of the connector lends it."
    );
    dataclass(name, &doc, fields, types, |field| match field.secret {
        true => (format!("The name of a secret. {}", field.description.trim()), true),
        false => (field.description.clone(), false),
    })
}

fn dataclass(
    name: &str,
    doc: &str,
    fields: &[FieldDescription],
    types: &mut Types<'_>,
    told: impl Fn(&FieldDescription) -> (String, bool),
) -> Result<Option<Part>, String> {
    if fields.is_empty() {
        return Ok(None);
    }
    let mut text = format!("@dataclasses.dataclass(kw_only=True)\nclass {name}:\n");
    text.push_str(&docstring("    ", doc));
    let mut optional = true;
    let mut used = Vec::new();
    for field in fields {
        let mut attribute = names::field(&field.name);
        // A setting may have the name of a secret, and two names may differ in what Python has not.
        while used.contains(&attribute) {
            attribute.push('_');
        }
        let (description, secret) = told(field);
        // A secret left out is one the operator has.
        let fallback =
            if secret { Fallback::OfService(String::new()) } else { Fallback::of(field) };
        let (kind, default, note) = fallback.of_kind(types.annotation(&field.kind)?);
        optional &= default.is_some();
        let mut metadata = Vec::new();
        if attribute != field.name {
            metadata.push(format!("\"name\": {}", string(&field.name)));
        }
        if secret {
            metadata.push("\"secret\": True".to_owned());
        }
        let value = assigned(default.as_deref(), &metadata.join(", "));
        let head = format!("    {attribute}: {}", kind.of_field());
        text.push_str(&format!("\n{head}{}\n", fitted(head.len(), &value)));
        text.push_str(&docstring("    ", &[description.trim(), &note].join("\n")));
        used.push(attribute);
    }
    Ok(Some(Part { definition: text, optional }))
}

/// What stands behind the annotation of a dataclass's field.
fn assigned(default: Option<&str>, metadata: &str) -> String {
    match (default, metadata) {
        (None, "") => String::new(),
        (None, metadata) => format!(" = dataclasses.field(metadata={{{metadata}}})"),
        (Some(default), "") => format!(" = {}", field_default(default)),
        (Some(default), metadata) => {
            let whole = field_default(default);
            let inner = whole
                .strip_prefix("dataclasses.field(")
                .and_then(|rest| rest.strip_suffix(')'))
                .map_or_else(|| format!("default={default}"), str::to_owned);
            format!(" = dataclasses.field({inner}, metadata={{{metadata}}})")
        }
    }
}

/// The outputs by name, for who would not count their places; nothing where names do not help or cannot be.
///
/// # Errors
/// A type Python cannot have.
pub(crate) fn named_outputs(
    name: &str,
    fields: &[FieldDescription],
    types: &mut Types<'_>,
) -> Result<Option<String>, String> {
    let fits = |field: &FieldDescription| {
        names::is_field(&field.name)
            && !field.name.starts_with('_')
            && !["count", "index"].contains(&field.name.as_str())
    };
    if fields.len() < 2 || !fields.iter().all(fits) {
        return Ok(None);
    }
    let mut text = format!("class {name}(NamedTuple):\n");
    text.push_str(&docstring(
        "    ",
        &format!("The outputs by name: `{name}(*outputs)`, where a task gives a plain tuple."),
    ));
    for field in fields {
        let kind = types.annotation(&field.kind)?.of_field();
        text.push_str(&format!("\n    {}: {kind}\n", field.name));
        text.push_str(&docstring("    ", &field.description));
    }
    Ok(Some(text))
}

/// What a task gives: a value, or several in the order of their declaration.
///
/// # Errors
/// A type Python cannot have.
pub(crate) fn result(
    fields: Option<&[FieldDescription]>,
    types: &mut Types<'_>,
) -> Result<String, String> {
    let Some(fields) = fields else {
        return Ok("Any".to_owned());
    };
    let mut kinds = Vec::new();
    for field in fields {
        kinds.push(types.annotation(&field.kind)?.text);
    }
    Ok(match kinds.as_slice() {
        [] => "None".to_owned(),
        [single] => single.clone(),
        several => {
            let lines: String = several.iter().map(|kind| format!("    {kind},\n")).collect();
            format!("tuple[\n{lines}]")
        }
    })
}

/// The inputs: how the interface declares each, and how a call takes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) default: Option<String>,
    pub(crate) description: String,
}

/// The inputs of a task.
///
/// # Errors
/// A type Python cannot have.
pub(crate) fn inputs(
    fields: &[FieldDescription],
    types: &mut Types<'_>,
) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    for field in fields {
        let (kind, default, note) = Fallback::of(field).of_kind(types.annotation(&field.kind)?);
        let description = format!("{} {note}", field.description.trim()).trim().to_owned();
        inputs.push(Input { name: field.name.clone(), kind: kind.text, default, description });
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use connector_core::typed::FieldDescription;

    use super::{named_outputs, result, settings};
    use crate::imports::Imports;
    use crate::types::Types;

    #[test]
    fn a_setting_that_flyte_reads_itself_is_refused() {
        let mut imports = Imports::default();
        let mut types = Types::new(&mut imports, []);
        let fields = [FieldDescription::of::<i64>("configs", "")];
        let error = settings("XConfig", "x", &fields, &mut types).unwrap_err();
        assert!(error.contains("`configs`"), "{error}");
    }

    #[test]
    fn results_are_values_or_tuples() {
        let mut imports = Imports::default();
        let mut types = Types::new(&mut imports, []);
        let fields = ["a", "count"].map(|name| FieldDescription::of::<i64>(name, ""));
        let [first, _] = &fields;
        for (fields, expected) in [
            (None, "Any"),
            (Some(&[] as &[FieldDescription]), "None"),
            (Some(std::slice::from_ref(first)), "int"),
            (Some(&fields), "tuple[\n    int,\n    int,\n]"),
        ] {
            assert_eq!(result(fields, &mut types).unwrap(), expected);
        }
        // A tuple has a method of this name.
        assert_eq!(named_outputs("X", &fields, &mut types).unwrap(), None);
    }
}
