//! The running binary, driven by the official Python SDK as Flyte's executor would drive it.
//! `drive.py` makes the calls and prints what it saw; every expectation stands here.
//! One run of the script serves all tests of this file, each of which reads its own steps; what must hold of
//! `batch_job` whoever wrote it, `behind` asks of its twin in Python.

use std::path::Path;
use std::sync::OnceLock;

use interop_tests::peer::Server;
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;
use serde_json::{Value, json};

const SERVICES: [&str; 2] =
    ["flyteidl2.connector.AsyncConnectorService", "flyteidl2.connector.ConnectorMetadataService"];

/// What the script saw; nothing if the official SDK cannot be had here.
fn seen() -> Option<&'static Transcript> {
    static SEEN: OnceLock<interop_tests::Result<Option<Transcript>>> = OnceLock::new();
    match SEEN.get_or_init(drive) {
        Ok(seen) => seen.as_ref(),
        Err(error) => panic!("{error}"),
    }
}

fn drive() -> interop_tests::Result<Option<Transcript>> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "the binary against the official Python SDK")
    else {
        return Ok(None);
    };
    let server = Server::rust(target)?;
    Transcript::of_sequence(&venv, &server).map(Some)
}

fn judged(judge: fn(&Transcript)) {
    if let Some(seen) = seen() {
        judge(seen);
    }
}

/// The one message of a call that succeeded.
fn message(step: &Value) -> &Value {
    assert_eq!((&step["code"], &step["details"]), (&json!("OK"), &json!("")), "{step}");
    assert_eq!(step["messages"].as_array().map(Vec::len), Some(1), "{step}");
    &step["messages"][0]
}

/// The identity, the time of creation and the duration out of the metadata of the created job.
fn job(seen: &Transcript) -> (String, f64, f64) {
    let create = seen.only("create").unwrap();
    message(create);
    let text = create["meta"].as_str().unwrap();
    let meta: Value = serde_json::from_str(text).unwrap();
    let id = meta["job_id"].as_str().unwrap().to_owned();
    let (created, duration) =
        (meta["created_at"].as_f64().unwrap(), meta["duration_seconds"].as_f64().unwrap());
    // The order of the keys and every space count: a Python server may have to read this.
    let created_text = text.split(", ").nth(1).unwrap().strip_prefix("\"created_at\": ").unwrap();
    assert_eq!(
        text,
        format!(
            "{{\"job_id\": \"{id}\", \"created_at\": {created_text}, \"duration_seconds\": {duration:?}}}"
        )
    );
    (id, created, duration)
}

#[test]
fn create_returns_metadata_as_python_writes_it() {
    let Some(seen) = seen() else { return };
    let (id, created, duration) = job(seen);
    assert!(id.len() == 24 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{id}");
    assert!(created > 1.7e9, "{created}");
    assert_eq!(duration, 2.0);
}

#[test]
fn a_job_runs_and_then_succeeds() {
    judged(life);
}

pub(crate) fn life(seen: &Transcript) {
    let (id, _, duration) = job(seen);
    let answers: Vec<&Value> =
        seen.all("get").into_iter().map(|step| &message(step)["resource"]).collect();
    let (last, earlier) = answers.split_last().unwrap();
    assert!(!earlier.is_empty(), "the job was finished before it could be seen running");

    let link = json!({
        "name": format!("Batch job {id}"),
        "uri": format!("https://batch.example.com/jobs/{id}"),
        "ready": true,
    });
    let custom_info = json!({"job_id": id, "duration_seconds": duration});
    let running = json!({
        "phase": "RUNNING",
        "message": format!("job {id} is running"),
        "log_links": [link],
        "custom_info": custom_info,
    });
    for answer in earlier {
        assert_eq!(*answer, &running);
    }
    let output = format!("output-from-{id}");
    let succeeded = json!({
        "phase": "SUCCEEDED",
        "message": format!("job {id} succeeded"),
        "log_links": [link],
        "custom_info": custom_info,
        "outputs": {"literals": [
            {"name": "result", "value": {"scalar": {"primitive": {"string_value": output}}}},
        ]},
    });
    assert_eq!(*last, &succeeded);
}

#[test]
fn logs_come_in_three_pages_and_the_token_comes_last() {
    judged(logs);
}

pub(crate) fn logs(seen: &Transcript) {
    let (id, created, duration) = job(seen);
    let pages = seen.all("logs");
    let expected = [
        (["submitted", "started"], Some("page-2")),
        (["is working", "is halfway"], Some("page-3")),
        (["wrote its output", "finished"], None),
    ];
    assert_eq!(pages.len(), expected.len());
    let mut lines = Vec::new();
    for (page, (texts, token)) in pages.into_iter().zip(expected) {
        assert_eq!(page["code"], "OK", "{page}");
        let mut messages = page["messages"].as_array().unwrap().clone();
        let header = token.map(|token| json!({"header": {"token": token}}));
        if header.is_some() {
            assert_eq!(messages.pop(), header, "{page}");
        }
        let [body] = messages.as_slice() else { panic!("one body expected: {page}") };
        let body = body["body"]["lines"].as_array().unwrap();
        assert_eq!(body.len(), texts.len());
        for (line, text) in body.iter().zip(texts) {
            assert_eq!(line["message"], format!("job {id} {text}"));
            assert_eq!(line["originator"], "USER");
            lines.push(line["timestamp"].as_str().unwrap().to_owned());
        }
    }
    // Equally long texts of one time zone: their order is the order of time.
    assert!(lines.is_sorted(), "{lines:?}");
    let span = seconds_of_day(lines.last().unwrap()) - seconds_of_day(&lines[0]);
    assert!((span.rem_euclid(86_400.0) - duration).abs() < 1e-3, "{lines:?}");
    assert!((seconds_of_day(&lines[0]) - created.rem_euclid(86_400.0)).abs() < 1e-3, "{lines:?}");
}

/// The time of day in a timestamp like `2026-01-01T10:20:30.5Z`.
fn seconds_of_day(timestamp: &str) -> f64 {
    let time = timestamp.trim_end_matches('Z').split_once('T').unwrap().1;
    time.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}

#[test]
fn metrics_have_the_shape_of_a_prometheus_range_query() {
    judged(metrics);
}

pub(crate) fn metrics(seen: &Transcript) {
    let (id, created, duration) = job(seen);
    let results = message(seen.only("metrics").unwrap())["results"].as_array().unwrap();
    let names: Vec<&str> =
        results.iter().map(|result| result["metric"].as_str().unwrap()).collect();
    assert_eq!(names, ["cpu_usage", "memory_bytes"]);
    for result in results {
        assert_eq!(result["data"]["resultType"], "matrix", "{result}");
        let [series] = result["data"]["result"].as_array().unwrap().as_slice() else {
            panic!("one series expected: {result}")
        };
        assert_eq!(series["metric"], json!({ "job_id": id }));
        let points = series["values"].as_array().unwrap();
        assert!(!points.is_empty(), "{result}");
        for point in points {
            let [time, value] = point.as_array().unwrap().as_slice() else {
                panic!("a pair expected: {point}")
            };
            let time = time.as_f64().unwrap();
            assert!((created - 1e-3..=created + duration + 1e-3).contains(&time), "{point}");
            value.as_str().unwrap().parse::<f64>().unwrap();
        }
    }
}

#[test]
fn delete_succeeds_twice() {
    judged(deletes);
}

pub(crate) fn deletes(seen: &Transcript) {
    assert_eq!(message(seen.only("delete").unwrap()), &json!({}));
    assert_eq!(message(seen.only("delete again").unwrap()), &json!({}));
}

#[test]
fn a_task_that_can_never_work_is_a_job_that_fails() {
    let Some(seen) = seen() else { return };
    message(seen.only("hopeless create").unwrap());
    assert_eq!(
        message(seen.only("hopeless get").unwrap()),
        &json!({"resource": {
            "phase": "FAILED",
            "message": "`custom.duration_seconds` must be 0 or more, not -1",
        }})
    );
    assert_eq!(message(seen.only("hopeless delete").unwrap()), &json!({}));
}

#[test]
fn echo_gives_every_kind_of_literal_back_bit_for_bit() {
    let Some(seen) = seen() else { return };
    message(seen.only("echo create").unwrap());
    assert_eq!(message(seen.only("echo get").unwrap())["resource"]["phase"], "SUCCEEDED");
    let literals = seen.only("echo literals").unwrap();
    let (sent, received) =
        (literals["sent"].as_object().unwrap(), literals["received"].as_object().unwrap());
    assert!(sent.len() > 20 && sent.contains_key("offloaded"));
    for (name, bytes) in sent {
        assert_eq!(received.get(name), Some(bytes), "{name}");
    }
    assert_eq!(sent.len(), received.len());
    message(seen.only("echo delete").unwrap());
}

#[test]
fn the_list_names_every_connector_and_each_can_be_looked_up() {
    judged(list);
}

pub(crate) fn list(seen: &Transcript) {
    let connectors = message(seen.only("list").unwrap())["connectors"].as_array().unwrap();
    // Version 0 is the default value of its field, and so it is not spelled out.
    for (name, category) in [
        ("Batch Job Connector", json!({"name": "batch_job"})),
        ("Echo Connector", json!({"name": "echo"})),
    ] {
        let expected = json!({"name": name, "supported_task_categories": [category]});
        assert_eq!(
            connectors.iter().filter(|connector| **connector == expected).count(),
            1,
            "{name}"
        );
    }
    for connector in connectors {
        let name = connector["name"].as_str().unwrap();
        let step = seen.only(&format!("connector {name}")).unwrap();
        assert_eq!(&message(step)["connector"], connector);
    }
}

#[test]
fn health_knows_each_service_and_no_other() {
    judged(health);
}

pub(crate) fn health(seen: &Transcript) {
    for service in ["", SERVICES[0], SERVICES[1]] {
        let step = seen.only(&format!("health {service}")).unwrap();
        assert_eq!(message(step), &json!({"status": "SERVING"}), "{service:?}");
    }
    let unknown = seen.only("health no.such.Service").unwrap();
    assert_eq!(unknown["code"], "NOT_FOUND", "{unknown}");
}

#[test]
fn reflection_describes_the_services_in_both_versions() {
    let Some(seen) = seen() else { return };
    for version in ["v1", "v1alpha"] {
        let step = seen.only(&format!("reflection {version}")).unwrap();
        let services = step["services"].as_array().unwrap();
        for service in SERVICES.into_iter().chain(["grpc.health.v1.Health"]) {
            assert!(
                services.contains(&json!(service)),
                "{version}: {service} is not in {services:?}"
            );
        }
        assert_eq!(step["methods"], step["official_methods"], "{version}");
        // A call made of nothing but reflected types.
        assert!(
            step["listed"].as_array().unwrap().contains(&json!("Batch Job Connector")),
            "{step}"
        );
        assert_eq!(step["unknown_symbol"], "NOT_FOUND", "{version}");
        let told = json!([
            "NOT_FOUND",
            "google/protobuf/descriptor.proto",
            "google/protobuf/descriptor.proto",
            "flyteidl2/core/execution.proto",
            "NOT_FOUND",
            "flyteidl2/connector/connector.proto",
        ]);
        assert_eq!(step["on_one_stream"], told, "{version}");
    }
}
