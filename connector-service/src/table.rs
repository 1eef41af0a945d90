//! The table of connectors people see at start and with `list`, and the same for programs.

use connector_core::Registry;
use connector_core::host::{Description, Origin};
use serde_json::{Map, Value as Json, json};

const HEADINGS: (&str, &str) = ("Connector", "Task types (versions)");

/// Names and task types in two columns, and below them what could not be started.
pub(crate) fn render(registry: &Registry) -> String {
    let rows: Vec<(String, String)> = registry
        .by_name()
        .into_iter()
        .map(|named| {
            let keys: Vec<String> = named.keys.iter().map(ToString::to_string).collect();
            (named.name.to_owned(), keys.join(", "))
        })
        .collect();
    let names = rows.iter().map(|(name, _)| name.chars().count());
    let width = names.chain([HEADINGS.0.len()]).max().unwrap_or_default();
    let mut table = String::new();
    let heading = (HEADINGS.0.to_owned(), HEADINGS.1.to_owned());
    for (name, keys) in std::iter::once(&heading).chain(&rows) {
        table.push_str(&format!("{name:width$}  {keys}\n"));
    }
    for failure in registry.failures() {
        let keys: Vec<String> = failure.keys.iter().map(ToString::to_string).collect();
        let (name, keys, error) = (failure.name, keys.join(", "), &failure.error);
        table.push_str(&format!(
            "{name:width$}  {keys} NOT SERVED: {error}
"
        ));
    }
    table
}

/// Lines below the table.
pub(crate) fn below(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The same as fields of a line of JSON.
pub(crate) fn to_json(registry: &Registry) -> Map<String, Json> {
    let texts = |keys: Vec<&connector_core::ConnectorKey>| -> Vec<String> {
        keys.into_iter().map(ToString::to_string).collect()
    };
    let served = registry.by_name().into_iter();
    let served = served.map(|it| json!({"name": it.name, "task_types": texts(it.keys)}));
    let failed = registry.failures().iter().map(|failure| {
        let keys = texts(failure.keys.iter().collect());
        json!({"name": failure.name, "task_types": keys, "error": failure.error.to_string()})
    });
    Map::from_iter([
        ("connectors".to_owned(), served.collect()),
        ("not_served".to_owned(), failed.collect()),
    ])
}

/// What there is, as a JSON list for programs: one object for each task type and version.
pub(crate) fn described(descriptions: &[Description]) -> String {
    let all = descriptions.iter().map(|it| {
        let place = match &it.origin {
            Origin::Source(place) => place.to_string(),
            Origin::Service(service) => service.to_string(),
        };
        json!({"task_type": it.key.task_type.as_str(), "version": it.key.version, "name": it.name,
            "sync": it.sync, "recovery": it.recovery.as_str(), "place": place})
    });
    format!("{:#}\n", all.collect::<Json>())
}
