//! The dashboard and the alert rules in `deploy/`, held against the metrics page: what they ask for is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use conformance_tests::Running;
use conformance_tests::running::get;

/// The names of a text that could be metrics of this server, each with the labels that it is asked for by.
fn asked(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    while let Some(start) =
        ["flyte_connector_", "process_"].iter().filter_map(|it| rest.find(it)).min()
    {
        let from = &rest[start..];
        let name: String = from.chars().take_while(|c| is_word(*c)).collect();
        rest = &from[name.len()..];
        let labels = all.entry(name).or_default();
        if let Some(selector) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let pairs = selector.0.split(',').filter_map(|pair| pair.split_once('='));
            labels.extend(pairs.map(|(label, _)| label.trim().to_owned()));
        }
    }
    all
}

#[tokio::test]
async fn what_dashboard_and_alerts_ask_for_is_there() {
    // What Prometheus itself says of a series.
    const TARGET: [&str; 2] = ["job", "instance"];
    let server = Running::start().await;
    server.tasks().await.get_task(get("echo", r#"{"x": 1}"#)).await.expect("an answer");
    // Families without a series are not on the page.
    server.tasks().await.get_task(get("nobody", "")).await.expect_err("a failure");
    let (_, page) = server.page("/metrics").await;
    for (file, least) in [("grafana-dashboard.json", 12), ("alerts.yaml", 9)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file);
        let text = fs::read_to_string(path).expect("a file").replace("\\\"", "\"");
        let asked = asked(&text);
        assert!(asked.len() >= least, "{file}: {asked:?}");
        for (name, labels) in asked {
            let series = |line: &&str| {
                line.strip_prefix(&*name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            };
            let series = page.lines().find(series);
            let series = series.unwrap_or_else(|| panic!("{file}: no {name} in\n{page}"));
            for label in labels.iter().filter(|label| !TARGET.contains(&label.as_str())) {
                assert!(series.contains(&format!("{label}=\"")), "{file}: {name} has no {label}");
            }
        }
    }
    server.stop().await;
}

#[test]
fn names_and_labels_are_found() {
    let found = asked(r#"rate(flyte_connector_a_total{reason="x", job=~"$job"}[5m]) / process_b"#);
    let labels: Vec<_> = found["flyte_connector_a_total"].iter().map(String::as_str).collect();
    assert_eq!((labels, found.len()), (vec!["job", "reason"], 2));
    assert!(found["process_b"].is_empty());
}
