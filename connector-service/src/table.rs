//! The table of connectors people see at start and with `list`.

use connector_core::Registry;

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
