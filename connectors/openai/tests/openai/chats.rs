//! Questions to a fake of OpenAI: what is asked, and what becomes of each answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::{Json, Router};
use connector_core::custom_info::json_to_struct;
use connector_core::prelude::*;
use connector_core::{ConnectorKey, TaskType};
use connector_openai::{Access, Answered, ChatGpt, ChatTask, Question};
use serde_json::{Value, json};

use crate::fake::KEY;

/// What was asked: path, key, organization, body.
type Asked = (String, String, Option<String>, Value);

#[derive(Clone, Default)]
struct Fake {
    says: Arc<Mutex<VecDeque<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// What becomes of a task when the fake answers so, and what it was asked.
    async fn run(says: &[(u16, Value)], custom: Value) -> (Result<Resource<Answered>>, Vec<Asked>) {
        let fake =
            Self { says: Arc::new(Mutex::new(says.iter().cloned().collect())), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1/", listener.local_addr().unwrap());
        let service = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        let connector = ChatGpt::at(Some(&base)).unwrap();
        let key = ConnectorKey { task_type: TaskType::parse("chatgpt").unwrap(), version: 0 };
        let secrets = [("flyte_openai_api_key".to_owned(), KEY.to_owned())].into_iter().collect();
        let connection = pb::Connection { secrets, ..Default::default() };
        let connection = Access::from_connection(connection).unwrap();
        let context = TaskContext::new(connection, CallContext::new(key));
        let config = ChatTask::from_custom(json_to_struct(custom).unwrap()).unwrap();
        let question = Question { message: "Why?".to_owned() };
        let end = connector.run(CreateTask::new(question, config, context)).await;
        let asked = fake.asked.lock().unwrap().clone();
        (end, asked)
    }
}

async fn answer(
    State(fake): State<Fake>,
    uri: Uri,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, [(&'static str, &'static str); 1], Json<Value>) {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let asked = (
        uri.path().to_owned(),
        header("authorization").unwrap(),
        header("openai-organization"),
        body,
    );
    fake.asked.lock().unwrap().push(asked);
    let (status, body) = fake.says.lock().unwrap().pop_front().unwrap();
    (StatusCode::from_u16(status).unwrap(), [("retry-after", "0")], Json(body))
}

fn completion(message: &Value) -> (u16, Value) {
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    (200, json!({"id": "c-1", "object": "chat.completion", "model": "gpt-x", "choices": [choice]}))
}

fn refusal(status: u16, code: &str) -> (u16, Value) {
    (status, json!({"error": {"message": format!("no: {KEY}"), "type": "t", "code": code}}))
}

/// As flytekit serialises it.
fn custom() -> Value {
    json!({"openai_organization": null, "chatgpt_config": {"model": "gpt-x", "n": 1, "temperature": 0.5}})
}

#[tokio::test]
async fn a_question_and_its_answer() {
    let mut custom = custom();
    custom["openai_organization"] = "acme".into();
    let said = completion(&json!({"role": "assistant", "content": "Because."}));
    let (end, asked) = Fake::run(&[said], custom).await;
    let end = end.unwrap();
    assert_eq!((end.phase, end.message.as_str()), (Phase::Succeeded, "gpt-x answered (stop)"));
    assert_eq!(end.outputs.into_inline().unwrap().o0, "Because.");
    let body = json!({
        "model": "gpt-x", "n": 1, "temperature": 0.5,
        "messages": [{"role": "user", "content": "Why?"}],
    });
    let asked_for =
        ("/v1/chat/completions".to_owned(), format!("Bearer {KEY}"), Some("acme".to_owned()), body);
    assert_eq!(asked, [asked_for]);
}

#[tokio::test]
async fn what_openai_cannot_answer_now_is_asked_again() {
    let said = completion(&json!({"content": "Because."}));
    let (end, asked) =
        Fake::run(&[refusal(429, "rate_limit_exceeded"), refusal(503, "busy"), said], custom())
            .await;
    assert_eq!((end.unwrap().phase, asked.len()), (Phase::Succeeded, 3));
    let (end, asked) =
        Fake::run(&[refusal(500, "x"), refusal(500, "x"), refusal(500, "x")], custom()).await;
    let error = end.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn what_will_not_work_fails_at_once_and_shows_no_key() {
    for (status, code) in
        [(400, "model_not_found"), (401, "invalid_api_key"), (429, "insufficient_quota")]
    {
        let (end, asked) = Fake::run(&[refusal(status, code)], custom()).await;
        let error = end.unwrap_err();
        assert_eq!((error.kind(), asked.len()), (ErrorKind::Permanent, 1), "{error}");
        assert!(error.message().contains(code) && error.message().contains("no: ***"), "{error}");
        assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    }
    for (message, why) in [
        (json!({"content": null, "refusal": "I may not."}), "the model gave no answer: I may not."),
        (json!({"content": null}), "the model gave no answer: stop"),
    ] {
        let (end, _) = Fake::run(&[completion(&message)], custom()).await;
        let end = end.unwrap();
        assert_eq!((end.phase, end.message.as_str()), (Phase::Failed, why));
    }
}

#[tokio::test]
async fn a_task_that_makes_no_question_is_told_why() {
    for (config, said) in [
        (json!({"temperature": 1}), "names no `model`"),
        (json!({"model": "gpt-x", "stream": true}), "`custom.chatgpt_config.stream`"),
        (json!("gpt-x"), "must be an object"),
    ] {
        let (end, asked) = Fake::run(&[], json!({"chatgpt_config": config})).await;
        let error = end.unwrap_err();
        assert_eq!((error.kind(), asked.len()), (ErrorKind::InvalidTask, 0));
        assert!(error.message().contains(said), "{error}");
    }
}
