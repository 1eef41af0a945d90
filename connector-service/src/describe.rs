//! `describe TASK_TYPE`: what a connector takes and gives, for people or as JSON Schema.
//! `app` prints it; what is described comes from the connector's own types.

use connector_core::host::{Description, Origin};
use connector_core::policy::Recovery;
use connector_core::typed::FieldDescription;
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

/// Name, type, whether it must be given, and what it is for, in columns.
fn table(fields: &[FieldDescription]) -> String {
    let rows: Vec<[String; 4]> = fields
        .iter()
        .map(|field| {
            // Descriptions of several lines would break the columns; their first line says most.
            let description = field.description.lines().next().unwrap_or_default();
            let kind = if field.secret { "secret".to_owned() } else { field.kind.name.clone() };
            [field.name.clone(), kind, presence(field), description.to_owned()]
        })
        .collect();
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

fn presence(field: &FieldDescription) -> String {
    match &field.default {
        _ if field.required => "required".to_owned(),
        Some(default) => format!("default {default}"),
        None => "optional".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use connector_core::typed::FieldDescription;

    use super::table;

    #[test]
    fn columns_line_up() {
        let fields = [
            FieldDescription::of::<i64>("fps", "Frames per second.\nMore.").with_default(24_i64),
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
}
