//! The parts of a generated module that differ from connector to connector: settings, connection,
//! outputs by name, and what the task class declares of each. `module` puts them together.

use connector_core::typed::FieldDescription;

use crate::defaults::Fallback;
use crate::names;
use crate::text::{assigned, docstring, fitted, string};
use crate::types::{Reader, Types};

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
    let mut used: Vec<String> = Vec::new();
    for field in fields {
        let (description, secret) = told(field);
        let kind = types.annotation(&field.kind, Reader::Class)?;
        // A secret left out is one the operator has.
        let fallback =
            if secret { Fallback::OfService(String::new()) } else { Fallback::of(field, types) };
        let (kind, default, note) = fallback.of_kind(kind);
        optional &= default.is_some();
        // A setting may have the name of a secret, and two names may differ in what Python has not.
        let attribute = names::field(&field.name, names::is_field, |name| {
            types.is_class(name) || used.iter().any(|used| used == name)
        });
        let mut metadata = Vec::new();
        if attribute != field.name {
            metadata.push(format!("\"alias\": {}", string(&field.name)));
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

/// The outputs by name, for who would not count their places; nothing where there is one or none.
///
/// # Errors
/// A type Python cannot have.
pub(crate) fn named_outputs(
    name: &str,
    fields: &[FieldDescription],
    types: &mut Types<'_>,
) -> Result<Option<String>, String> {
    if fields.len() < 2 {
        return Ok(None);
    }
    let mut text = format!("class {name}(NamedTuple):\n");
    let doc = format!(
        "The outputs by name: `{name}(*outputs)`, where a task gives a plain tuple.\n\n\
         Their order is that of their names, as it is in a cluster."
    );
    text.push_str(&docstring("    ", &doc));
    let mut used: Vec<String> = Vec::new();
    for field in fields {
        let kind = types.annotation(&field.kind, Reader::Checker)?.of_field();
        let attribute = names::field(&field.name, names::is_field_of_tuple, |name| {
            types.is_class(name) || used.iter().any(|used| used == name)
        });
        text.push_str(&format!("\n    {attribute}: {kind}\n"));
        text.push_str(&docstring("    ", &field.description));
        used.push(attribute);
    }
    Ok(Some(text))
}

/// What a task gives: a value, or several in the order of their names.
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
        kinds.push(types.annotation(&field.kind, Reader::Checker)?.text);
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

/// An input: how the interface declares it, and how a call takes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) name: String,
    /// Its type for Flyte.
    pub(crate) kind: String,
    /// Its type for who calls the task.
    pub(crate) of_call: String,
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
        let kind = types.annotation(&field.kind, Reader::Flyte)?;
        let of_call = types.annotation(&field.kind, Reader::Checker)?;
        let (kind, default, note) = Fallback::of(field, types).of_kind(kind);
        let of_call = if default.as_deref() == Some("None") { of_call.or_none() } else { of_call };
        let description = format!("{} {note}", field.description.trim()).trim().to_owned();
        inputs.push(Input {
            name: field.name.clone(),
            kind: kind.text,
            of_call: of_call.text,
            default,
            description,
        });
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
        let named = named_outputs("X", &fields, &mut types).unwrap().unwrap();
        assert!(named.contains("    a: int\n\n    count_: int\n"), "{named}");
        assert_eq!(named_outputs("X", &fields[..1], &mut types).unwrap(), None);
    }
}
