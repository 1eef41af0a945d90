//! The status page of the operators' port, and the JSON that it reads.

use std::collections::HashMap;

use conformance_tests::Running;
use conformance_tests::running::get;
use connector_core::custom_info::json_to_struct;
use connector_core::pb as core_pb;
use connector_service::pb;
use serde_json::{Value as Json, json};

async fn status(server: &Running) -> Json {
    let (code, body) = server.page("/status.json").await;
    assert!(code.contains(" 200 "), "{code}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

fn of<'a>(status: &'a Json, task_type: &str) -> &'a Json {
    let connectors = status["connectors"].as_array().expect("connectors");
    connectors.iter().find(|it| it["task_type"] == task_type).expect("a connector")
}

#[tokio::test]
async fn what_goes_on_is_told_and_no_secret() {
    let server = Running::start().await;
    let before = status(&server).await;
    assert_eq!((&before["serving"], &before["in_flight"]), (&json!(true), &json!(0)));
    let idle = of(&before, "echo");
    assert_eq!((&idle["calls"], &idle["last_error"]), (&json!({}), &Json::Null));
    assert_eq!((&idle["serving"], &idle["name"]), (&json!(true), &json!("Echo Connector")));

    let mut tasks = server.tasks().await;
    tasks.get_task(get("echo", r#"{"x": 1}"#)).await.expect("an answer");
    // An outside system that fails once and quotes a secret; the executor sees nothing of it.
    let custom = json!({"get": ["transient", "ok"], "leak_secret": true});
    let template = core_pb::TaskTemplate {
        r#type: "simulator".to_owned(),
        custom: Some(json_to_struct(custom).expect("settings")),
        ..Default::default()
    };
    let connection = core_pb::Connection {
        secrets: HashMap::from([("api_key".to_owned(), "hunter2-of-the-vendor".to_owned())])
            .into_iter()
            .collect(),
        ..Default::default()
    };
    let request = pb::CreateTaskRequest {
        template: Some(Box::new(template)),
        connection: Some(connection.clone()),
        ..Default::default()
    };
    let created = tasks.create_task(request).await.expect("a job").into_inner();
    let category = pb::TaskCategory { name: "simulator".to_owned(), version: 0 };
    let request = pb::GetTaskRequest {
        resource_meta: created.resource_meta,
        task_category: Some(category),
        connection: Some(connection),
        ..Default::default()
    };
    tasks.get_task(request).await.expect("no error is seen");
    tasks.get_task(get("nobody", "")).await.expect_err("a failure");

    let after = status(&server).await;
    let echo = of(&after, "echo");
    assert_eq!(
        (&echo["calls"]["get"]["succeeded"], &echo["outside"]["calls"]),
        (&json!(1), &json!(1))
    );
    assert!(echo["calls"]["get"]["mean_seconds"].as_f64().expect("a time") < 10.0, "{echo}");
    assert!(echo["outside"]["seconds_since_success"].as_f64().expect("a time") < 60.0, "{echo}");
    let simulator = of(&after, "simulator");
    assert_eq!(simulator["absorbed"]["masked_errors"], 1, "{simulator}");
    assert_eq!(simulator["outside"]["errors"], 1, "{simulator}");
    let said = simulator["last_error"]["text"].as_str().expect("an error");
    assert!(said.contains("***"), "{said}");
    assert!(!after.to_string().contains("hunter2"), "{after}");

    let (_, page) = server.page("/metrics").await;
    for series in [
        "flyte_connector_outside_errors_total{kind=\"transient\",task_type=\"simulator\"} 1",
        "flyte_connector_outside_seconds_count{operation=\"get\",task_type=\"simulator\"} 2",
        "flyte_connector_handling_seconds_count{operation=\"get\",task_type=\"simulator\"} 1",
        "flyte_connector_deadline_exceeded_total{task_type=\"simulator\"} 0",
    ] {
        assert!(page.contains(series), "no {series} in\n{page}");
    }
    assert!(!page.contains(
        "flyte_connector_handling_seconds_count{operation=\"get\",task_type=\"typed_echo\"}"
    ));
    server.stop().await;
}

#[tokio::test]
async fn a_browser_gets_a_page_with_everything_in_it_and_others_the_metrics() {
    let server = Running::start().await;
    let (_, metrics) = server.page("/").await;
    assert!(metrics.starts_with("# HELP "), "{metrics}");
    let (code, page) = server.page_for("/", "text/html,application/xhtml+xml").await;
    assert!(code.contains(" 200 "), "{code}");
    assert!(
        page.starts_with("<!doctype html>") && page.contains("fetch(\"/status.json\""),
        "{page}"
    );
    // Nothing of it comes from elsewhere, and it stays small.
    for elsewhere in ["http://", "https://", "src=", "@import", "url(", "innerHTML"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    assert!(page.len() < 12 * 1024, "{} bytes", page.len());
    server.stop().await;
}
