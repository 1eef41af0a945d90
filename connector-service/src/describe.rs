//! `describe TASK_TYPE`: what a connector takes and gives, for people or as JSON Schema.
//! `app` prints it; what is described comes from the connector's own types.

use connector_core::host::{Description, Origin, Shape};
use connector_core::policy::Recovery;
use connector_core::typed::{FieldDescription, TypeDescription};
use serde_json::{Value as Json, json};

use crate::linking;

/// The description of a task type in every version, or why there is none.
pub(crate) fn render(
    connectors: &[Description],
    task_type: &str,
    as_json: bool,
) -> Result<String, String> {
    let of_type = |it: &&Description| it.key.task_type.as_str() == task_type;
    let entries: Vec<&Description> = connectors.iter().filter(of_type).collect();
    if entries.is_empty() {
        let mut known: Vec<&str> = connectors.iter().map(|it| it.key.task_type.as_str()).collect();
        known.dedup();
        return Err(linking::unknown(&format!("the task type {task_type:?}"), task_type, &known));
    }
    if as_json {
        let described: Vec<Json> = entries.into_iter().map(to_json).collect();
        // Few task types have several versions; one is printed without a list around it.
        let described = match <[Json; 1]>::try_from(described) {
            Ok([single]) => single,
            Err(several) => Json::Array(several),
        };
        return Ok(format!("{described:#}\n"));
    }
    Ok(entries.into_iter().map(for_people).collect::<Vec<_>>().join("\n"))
}

fn to_json(entry: &Description) -> Json {
    let title = format!("{}: {}", entry.name, entry.key);
    let mut schema = entry.interface.to_json_schema(&title);
    if let Json::Object(schema) = &mut schema {
        let (kind, version) = (entry.key.task_type.as_str(), entry.key.version);
        let task = json!({"type": kind, "version": version, "sync": entry.sync,
            "recovery": entry.recovery.as_str()});
        schema.insert("x-flyte-task".to_owned(), task);
    }
    schema
}

fn for_people(entry: &Description) -> String {
    let mut text = format!("{}: {}\n", entry.name, entry.key);
    if let Origin::Service(service) = &entry.origin {
        return format!("{text}\nserved by {service}; what it takes and gives is known there\n");
    }
    if entry.sync {
        text.push_str("\nits tasks are done within one call\n");
    }
    for (part, fields) in entry.interface.parts() {
        text.push_str(&format!("\n{part}\n"));
        match fields {
            None => text.push_str("  anything: this connector reads it untyped\n"),
            Some([]) => text.push_str("  nothing\n"),
            Some(fields) => text.push_str(&table(fields)),
        }
    }
    if !entry.sync {
        let how = recovery(entry.recovery);
        text.push_str(&format!("\na create whose server dies over it\n  {how}\n"));
    }
    text
}

/// What becomes of a create whose server died over it, for people.
pub(crate) const fn recovery(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Keys => "keys: it is made again, and the same key gives the same job",
        Recovery::Find => "find: its job is looked for by the key, and created if there is none",
        Recovery::Neither => {
            "neither: nobody can say whether it made a job; the policy's `takeover` decides"
        }
    }
}

/// One field for people: name, type, whether it must be given, and what it is for.
type Row = [String; 4];

/// The fields in columns, each with those of its objects below it.
fn table(fields: &[FieldDescription]) -> String {
    let mut rows = Vec::new();
    add_rows(&mut rows, "", fields);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let (first, second, third) = (width(0), width(1), width(2));
    rows.iter()
        .map(|[name, kind, presence, description]| {
            let line = format!("  {name:first$}  {kind:second$}  {presence:third$}  {description}");
            format!("{}\n", line.trim_end())
        })
        .collect()
}

fn add_rows(rows: &mut Vec<Row>, within: &str, fields: &[FieldDescription]) {
    for field in fields {
        let name = format!("{within}{}", field.name);
        let kind = if field.secret { "secret" } else { &field.kind.name };
        let (inside, within) = inside(&field.kind, &name);
        let description = described(&field.description, inside);
        rows.push([name, kind.to_owned(), presence(field), description]);
        if let Shape::Object { fields, .. } = inside {
            add_rows(rows, &format!("{within}."), fields);
        }
    }
}

/// What a field is made of in the end, and how a value of it is named: `mounts[]` is each of `mounts`.
fn inside<'a>(kind: &'a TypeDescription, name: &str) -> (&'a Shape, String) {
    match &kind.shape {
        Shape::Optional(kind) => inside(kind, name),
        Shape::List(kind) => inside(kind, &format!("{name}[]")),
        Shape::Map(_, kind) => inside(kind, &format!("{name}[*]")),
        shape => (shape, name.to_owned()),
    }
}

/// The first paragraph, as a line, and the words that an enum knows.
fn described(description: &str, inside: &Shape) -> String {
    let lines = description.lines().map(str::trim).take_while(|line| !line.is_empty());
    let mut words: Vec<&str> = lines.collect();
    let members = match inside {
        Shape::Enumeration { members, .. } => {
            let values: Vec<&str> = members.iter().map(|(_, value)| value.as_str()).collect();
            format!("One of: {}.", values.join(", "))
        }
        _ => String::new(),
    };
    if !members.is_empty() {
        words.push(&members);
    }
    words.join(" ")
}

fn presence(field: &FieldDescription) -> String {
    match &field.default {
        _ if field.required => "required".to_owned(),
        // Its fields say their own.
        Some(Json::Object(_)) if matches!(field.kind.shape, Shape::Object { .. }) => {
            "optional".to_owned()
        }
        Some(default) => format!("default {default}"),
        None => "optional".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::typed::{Class, FieldDescription, TypeDescription};
    use serde_json::json;

    use super::table;

    fn of(kind: &TypeDescription, name: &str, description: &str) -> FieldDescription {
        let mut field = FieldDescription::of::<String>(name, description);
        field.kind = kind.clone();
        field
    }

    #[test]
    fn columns_line_up() {
        let fields = [
            FieldDescription::of::<i64>("fps", "Frames\nper second.\n\nMore.").with_default(24_i64),
            FieldDescription::of::<Vec<String>>("tags", ""),
            FieldDescription::of::<Option<String>>("preset", "Its name."),
        ];
        assert_eq!(
            table(&fields),
            "  fps     int         default 24  Frames per second.\n  \
               tags    list[str]   required\n  \
               preset  str | None  optional    Its name.\n"
        );
    }

    #[test]
    fn an_object_is_followed_by_its_fields_and_an_enum_by_its_words() {
        let members = [("FAST", "fast"), ("SLOW", "slow")];
        let mode = of(&TypeDescription::enumeration("Mode", "", &members), "mode", "How.");
        let mount = TypeDescription::object("Mount", "", &[mode], Class::Dataclass);
        let mounts = of(&TypeDescription::list(&mount), "mounts", "Folders.");
        let node = FieldDescription::of::<Option<String>>("host", "Its name.");
        let node = TypeDescription::object("Node", "", &[node], Class::Dataclass);
        let node = of(&node, "node", "Where.").with_default(json!({"host": null}));
        assert_eq!(
            table(&[node, mounts]),
            "  node           Node         optional  Where.\n  \
               node.host      str | None   optional  Its name.\n  \
               mounts         list[Mount]  required  Folders.\n  \
               mounts[].mode  Mode         required  How. One of: fast, slow.\n"
        );
    }
}
