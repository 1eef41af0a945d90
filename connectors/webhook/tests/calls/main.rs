//! Webhook tasks against a service on loopback: what is sent, what comes back, and what is refused.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod service;

use connector_core::custom_info::json_to_struct;
use connector_core::prelude::*;
use connector_core::{ConnectorKey, TaskType};
use connector_webhook::{Answered, Webhook, WebhookTask};
use serde_json::{Value, json};
use service::{Asked, Service};

const TOKEN: &str = "tok-0123456789";

/// A task: its settings and its inputs.
#[derive(Clone)]
struct Task {
    custom: Value,
    inputs: Vec<(&'static str, pb::Literal)>,
}

impl Task {
    fn custom(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.custom[key] = value.into();
        self
    }

    fn input(mut self, name: &'static str, value: pb::Literal) -> Self {
        self.inputs.push((name, value));
        self
    }

    async fn run(self, variables: &[(&str, &str)]) -> Result<Resource<Answered>> {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let webhook = Webhook::new(&Settings::from_variables("webhook", variables)).unwrap();
        let key = ConnectorKey { task_type: TaskType::parse("webhook").unwrap(), version: 0 };
        let context = TaskContext::new(DynamicConnection::default(), CallContext::new(key));
        let config = WebhookTask::from_custom(json_to_struct(self.custom).unwrap())?;
        webhook.run(CreateTask::new(self.inputs.into_iter().collect(), config, context)).await
    }
}

/// A task as flytekit serialises it.
fn task(service: &Service, path: &str) -> Task {
    let custom = json!({
        "url": service.url(path), "method": "POST", "headers": {}, "data": {},
        "show_data": false, "show_url": false, "timeout_sec": 10.0,
    });
    Task { custom, inputs: Vec::new() }
}

/// What becomes of a task: its phase, its message, and its output.
async fn end(task: Task) -> (Phase, String, Value) {
    let end = task.run(&[]).await.unwrap();
    let info = end.outputs.into_inline().map_or(Value::Null, |answered| answered.info);
    (end.phase, end.message, info)
}

#[tokio::test]
async fn a_post_with_inputs_filled_in() {
    let service = Service::start().await;
    let task = task(&service, "/items/{inputs.id}?old=1")
        .custom(
            "headers",
            json!({"x-who": "{inputs.who}", "authorization": format!("Bearer {TOKEN}")}),
        )
        .custom(
            "data",
            json!({"text": "{inputs.who} did it", "id": "{inputs.id}", "n": 5, "half": 0.5}),
        )
        .custom("show_data", true)
        .custom("show_url", true)
        .input("id", literal::integer(7))
        .input("who", literal::string("Ada"));
    let (phase, message, info) = end(task).await;
    assert_eq!((phase, message.as_str()), (Phase::Succeeded, "the webhook answered 200 OK"));
    let data = json!({"text": "Ada did it", "id": 7, "n": 5, "half": 0.5});
    let Asked { call, headers, body } = service.only();
    assert_eq!((call.as_str(), &body), ("POST /items/7?old=1", &data));
    assert_eq!(
        (&headers["x-who"], &headers["content-type"]),
        (&json!("Ada"), &json!("application/json"))
    );
    assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(info["url"], service.url("/items/7?old=1"));
    assert_eq!((&info["status_code"], &info["input_data"]), (&json!(200), &data));
    // The service says what it was asked: all of it but the secret.
    let said = info["response_data"].as_str().unwrap();
    assert!(said.contains("Ada did it") && said.contains("***") && !said.contains(TOKEN), "{said}");
}

#[tokio::test]
async fn the_data_of_a_get_are_its_query() {
    let service = Service::start().await;
    let data = json!({"a": "x y&z", "b": [1, "two"], "c": true, "d": null, "e": {"k": "v"}});
    let task = task(&service, "/find?old=1").custom("method", "get").custom("data", data);
    let (phase, _, info) = end(task).await;
    assert_eq!(phase, Phase::Succeeded);
    assert_eq!(
        info.as_object().unwrap().len(),
        2,
        "nothing is shown that the task did not ask for"
    );
    let query = "a=x+y%26z&b=1&b=two&c=true&d=&e=%7B%27k%27%3A+%27v%27%7D";
    assert_eq!(service.only().call, format!("GET /find?old=1&{query}"));
}

#[tokio::test]
async fn whatever_is_not_200_fails_the_task_and_tells_why() {
    let service = Service::start().await;
    for (path, said) in [
        ("/status/201", "the webhook answered 201 Created: so it says"),
        ("/status/404", "the webhook answered 404 Not Found: so it says"),
        ("/status/503", "the webhook answered 503 Service Unavailable: so it says"),
        ("/status/302", "the webhook answered 302 Found (redirects are not followed: "),
        ("/long", "the webhook answered 500 Internal Server Error: éé"),
    ] {
        let (phase, message, info) = end(task(&service, path)).await;
        assert_eq!((phase, info), (Phase::Failed, Value::Null), "{path}");
        assert!(message.starts_with(said) && message.chars().count() < 1_100, "{message}");
    }
    let quoting = task(&service, "/status/400").custom("headers", json!({"x-api-key": TOKEN}));
    let (_, message, _) = end(quoting).await;
    assert!(message.ends_with("so it says ***"), "{message}");
}

async fn refused(task: Task, variables: &[(&str, &str)]) -> ConnectorError {
    task.run(variables).await.unwrap_err()
}

#[tokio::test]
async fn an_answer_that_does_not_come_fails_the_attempt() {
    let service = Service::start().await;
    for (path, said) in
        [("/silent", "did not answer within 100ms"), ("/cut", "broke the connection off")]
    {
        let error = refused(task(&service, path).custom("timeout_sec", 0.1), &[]).await;
        assert_eq!(
            error.kind(),
            ErrorKind::Retryable,
            "the server must not call it again by itself"
        );
        assert!(error.message().contains(said), "{error}");
    }
    assert_eq!(service.asked().len(), 2);
    let error = refused(task(&service, "/huge"), &[]).await;
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("larger than the 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn a_task_that_makes_no_request_is_told_why() {
    let service = Service::start().await;
    for (key, value, said) in [
        ("method", json!("DELETE"), "it must be `GET` or `POST`"),
        ("url", json!("/items"), "`custom.url`"),
        ("url", json!("file:///etc/passwd"), "`custom.url`"),
        ("url", json!("{inputs.nobody}"), "`{inputs.nobody}` names no input"),
        ("headers", json!({"Transfer-Encoding": "chunked"}), "\"Transfer-Encoding\""),
        ("headers", json!({"a b": "c"}), "no name of a header"),
        ("headers", json!({"a": "b\r\nc: d"}), "cannot have this value"),
        ("timeout_sec", json!(0), "more than 0 seconds"),
    ] {
        let error = refused(task(&service, "/").custom(key, value), &[]).await;
        assert_eq!(error.kind(), ErrorKind::InvalidTask, "{error}");
        assert!(error.message().contains(said), "{error}");
    }
    assert!(service.asked().is_empty());
}

#[tokio::test]
async fn only_allowed_hosts_are_called() {
    let service = Service::start().await;
    let list = |hosts| [("CONNECTOR__WEBHOOK__ALLOWED_HOSTS", hosts)];
    let error = refused(task(&service, "/"), &list("hooks.slack.com")).await;
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("CONNECTOR__WEBHOOK__ALLOWED_HOSTS"), "{error}");
    let metadata = task(&service, "/").custom("url", "http://169.254.169.254/latest/meta-data/");
    let error = refused(metadata, &[]).await;
    assert!(error.message().contains("`169.254.169.254` is not called"), "{error}");
    assert!(service.asked().is_empty());
    task(&service, "/").run(&list("127.0.0.1")).await.unwrap();
    assert_eq!(service.asked().len(), 1);
}
