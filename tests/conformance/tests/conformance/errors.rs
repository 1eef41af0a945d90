//! Failures: codes and texts of every operation, panics, deadlines, callers that leave.

use std::time::Duration;

use conformance_tests::probe::meta;
use conformance_tests::running::{create, delete, get, logs, metrics};
use conformance_tests::{Running, Setup};
use connector_core::pb::task_execution::Phase;
use connector_service::{Limits, pb};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn missing_pieces_are_not_found() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let refused = tasks.create_task(pb::CreateTaskRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.message(), "Cannot find connector for task type: .");
    let refused = tasks.get_task(pb::GetTaskRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let refused = tasks.delete_task(delete("zz", "{}")).await.unwrap_err();
    assert_eq!(refused.message(), "Cannot find connector for task type: zz.");
    for code in [
        tasks.get_task_logs(logs("zz", "{}")).await.unwrap_err().code(),
        tasks.get_task_metrics(metrics("zz", "{}")).await.unwrap_err().code(),
    ] {
        assert_eq!(code, Code::NotFound);
    }
    server.stop().await;
}

/// Every kind of error that a connector can tell, and a panic.
const ACTS: [(&str, &str); 8] = [
    ("invalid", "`x` must be a number"),
    ("permanent", "no such table"),
    ("not_found", "no job j-1"),
    ("unsupported", "there is no such region"),
    ("retryable", "the node was lost"),
    ("transient", "503"),
    ("unauthenticated", "the token has expired"),
    ("panic", "panic: the probe was told to"),
];
/// Those that no repetition can mend.
const HOPELESS: [&str; 4] = ["invalid", "permanent", "not_found", "unsupported"];

/// A server that asks a connector once per call.
fn impatient() -> Setup {
    Setup::default().policy("RETRY_FOR", "0")
}

fn as_in_python(operation: &str, text: &str) -> String {
    format!("failed to {operation} probe task with error:\n {text}.")
}

#[tokio::test]
async fn errors_of_create_fail_the_attempt_or_the_job() {
    let server = impatient().start().await;
    let mut tasks = server.tasks().await;
    for (act, text) in ACTS {
        let answered = tasks.create_task(create("probe", &[("at_create", act)])).await;
        if !HOPELESS.contains(&act) {
            let status = answered.unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{act}");
            assert_eq!(status.message(), as_in_python("create", text));
            continue;
        }
        let job = answered.unwrap().into_inner().resource_meta;
        // Any server can answer for this job, so one that has just been started, too.
        for _ in 0..2 {
            let got = tasks.get_task(get("probe", job.clone())).await.unwrap();
            let resource = got.into_inner().resource.unwrap();
            assert_eq!((resource.phase(), &*resource.message), (Phase::Failed, text), "{act}");
        }
        tasks.delete_task(delete("probe", job.clone())).await.unwrap();
        tasks.delete_task(delete("probe", job)).await.unwrap();
    }
    let counted = "flyte_connector_errors_as_jobs_total{kind=\"permanent\",operation=\"create\",\
                   task_type=\"probe\"}";
    assert_eq!(server.value(counted).await, 1.0);
    server.stop().await;
}

#[tokio::test]
async fn errors_of_create_are_plain_where_the_operator_wants_them() {
    let server = impatient().policy("CREATE_ERRORS", "plain_error").start().await;
    let mut tasks = server.tasks().await;
    for (act, text) in ACTS {
        let answered = tasks.create_task(create("probe", &[("at_create", act)])).await;
        let status = answered.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{act}");
        assert_eq!(status.message(), as_in_python("create", text));
    }
    server.stop().await;
}

#[tokio::test]
async fn errors_of_get_are_phases() {
    let server = impatient().start().await;
    let mut tasks = server.tasks().await;
    for (act, text) in ACTS {
        let answered = tasks.get_task(get("probe", meta(act))).await;
        if act == "panic" {
            let status = answered.unwrap_err();
            assert_eq!(status.code(), Code::Internal);
            assert_eq!(status.message(), as_in_python("get", text));
            continue;
        }
        let resource = answered.unwrap().into_inner().resource.unwrap();
        let phase = match act {
            "transient" | "unauthenticated" => Phase::Running,
            "retryable" => Phase::RetryableFailed,
            _ => Phase::Failed,
        };
        assert_eq!(resource.phase(), phase, "{act}");
        if phase == Phase::Running {
            assert!(resource.message.starts_with("status unknown since 2"), "{}", resource.message);
            assert!(resource.message.ends_with(&format!("Z: {text}")), "{}", resource.message);
        } else {
            assert_eq!(resource.message, text);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn errors_of_delete_are_errors_while_there_is_something_to_delete() {
    let server = impatient().start().await;
    let mut tasks = server.tasks().await;
    for (act, text) in ACTS {
        let answered = tasks.delete_task(delete("probe", meta(act))).await;
        if act == "not_found" {
            answered.unwrap();
            continue;
        }
        let status = answered.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{act}");
        assert_eq!(status.message(), as_in_python("delete", text));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_transient_error_of_delete_is_tried_again_first() {
    let server = Setup::default().policy("RETRY_FOR", "400ms").start().await;
    let mut tasks = server.tasks().await;
    let refused = tasks.delete_task(delete("probe", meta("transient"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    let calls = "flyte_connector_outside_calls_total{operation=\"delete\",task_type=\"probe\"}";
    assert!(server.value(calls).await > 1.0, "{}", server.value(calls).await);
    server.stop().await;
}

#[tokio::test]
async fn wrong_settings_are_told_by_name_on_the_first_poll() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let request = create("batch_job", &[("duration_seconds", "soon")]);
    let job = tasks.create_task(request).await.unwrap().into_inner().resource_meta;
    let got = tasks.get_task(get("batch_job", job)).await.unwrap().into_inner();
    let resource = got.resource.unwrap();
    assert_eq!(resource.phase(), Phase::Failed);
    assert_eq!(resource.message, "`custom.duration_seconds` must be a number, not a string");
    server.stop().await;
}

#[tokio::test]
async fn errors_of_metrics_and_logs_have_codes_of_their_own() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    for (act, code) in [
        ("invalid", Code::InvalidArgument),
        ("permanent", Code::FailedPrecondition),
        ("transient", Code::Unavailable),
        ("not_found", Code::NotFound),
        ("unauthenticated", Code::Unauthenticated),
        ("panic", Code::Internal),
    ] {
        let refused = tasks.get_task_metrics(metrics("probe", meta(act))).await.unwrap_err();
        assert_eq!(refused.code(), code, "metrics {act}");
        let refused = tasks.get_task_logs(logs("probe", meta(act))).await.unwrap_err();
        assert_eq!(refused.code(), code, "logs {act}");
    }
    let silent = r#"{"job_id": "s-1"}"#;
    let refused = tasks.get_task_metrics(metrics("silent", silent)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert!(refused.message().contains("offers no metrics"), "{}", refused.message());
    let refused = tasks.get_task_logs(logs("silent", silent)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    server.stop().await;
}

/// What gRPC libraries percent-encode; the specification asks for less.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'?')
    .add(b'{')
    .add(b'}');

/// Asserts that a text was cut, to no less than can be, and that it passes stock proxies: they take 4
/// KiB of headers, in which it is percent-encoded.
fn assert_cut(text: &str, most: usize) {
    let encoded = utf8_percent_encode(text, ENCODED).to_string().len();
    assert!(text.contains(" ... (cut"), "{text}");
    assert!(encoded <= most, "{encoded} of {most} bytes");
    assert!(encoded > most * 9 / 10, "{encoded} of {most} bytes");
}

#[tokio::test]
async fn texts_always_travel() {
    let server = impatient().start().await;
    let mut tasks = server.tasks().await;
    let huge = tasks.delete_task(delete("probe", meta("huge"))).await.unwrap_err();
    assert_eq!(huge.code(), Code::Internal);
    assert!(huge.message().starts_with("failed to delete probe task with error:\n é? é?"));
    assert!(huge.message().ends_with("server's log)"));
    let long = "é?".repeat(1 << 10);
    let mut metadata = server.metadata().await;
    let named = metadata.get_connector(pb::GetConnectorRequest { name: long.clone() });
    let mut health = HealthClient::new(server.channel().await);
    for status in [
        huge,
        tasks.get_task_metrics(metrics("probe", meta("huge"))).await.unwrap_err(),
        tasks.get_task_logs(logs("probe", meta("huge"))).await.unwrap_err(),
        tasks.get_task(get(&long, "")).await.unwrap_err(),
        named.await.unwrap_err(),
        health.check(HealthCheckRequest { service: long.clone() }).await.unwrap_err(),
    ] {
        assert_cut(status.message(), 3_584);
    }
    let control = tasks.delete_task(delete("probe", meta("control"))).await.unwrap_err();
    assert!(control.message().contains("a\r\nb\0c\u{1b}[31m"), "{:?}", control.message());
    server.stop().await;
}

#[tokio::test]
async fn messages_of_failed_jobs_are_as_short_as_errors() {
    let server = impatient().start().await;
    let mut tasks = server.tasks().await;
    // Those of jobs that are well, too.
    for (act, end) in [("long message", Phase::Running), ("long success", Phase::Succeeded)] {
        let got = tasks.get_task(get("probe", meta(act))).await.unwrap().into_inner();
        let state = got.resource.unwrap();
        assert_eq!(state.phase(), end);
        assert_cut(&state.message, 3_584);
    }
    let created = tasks.create_task(create("probe", &[("at_create", "huge")])).await.unwrap();
    let not_made = created.into_inner().resource_meta;
    // It is kept in Flyte's state as long as the task is.
    assert!(not_made.len() < 8_192, "{} bytes", not_made.len());
    for job in [not_made, meta("huge").into(), meta("huge and transient").into()] {
        let got = tasks.get_task(get("probe", job.clone())).await.unwrap().into_inner();
        let message = got.resource.unwrap().message;
        assert!(message.contains("é? é?"), "{job:?} gave {message}");
        assert_cut(&message, 3_584);
        assert!(message.ends_with("server's log)"), "{job:?}");
    }
    let got = tasks.get_task(get("probe", meta("control"))).await.unwrap().into_inner();
    assert_eq!(got.resource.unwrap().message, "a\r\nb\0c\u{1b}[31m");
    server.stop().await;
}

#[tokio::test]
async fn how_long_texts_are_is_a_setting() {
    let limits = Limits { max_error_bytes: 1_000, ..Limits::default() };
    let server = impatient().limits(limits).start().await;
    let mut tasks = server.tasks().await;
    let huge = tasks.delete_task(delete("probe", meta("huge"))).await.unwrap_err();
    assert_cut(huge.message(), 1_000);
    for act in ["huge", "huge and transient", "long message"] {
        let got = tasks.get_task(get("probe", meta(act))).await.unwrap().into_inner();
        assert_cut(&got.resource.unwrap().message, 1_000);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_long_message_is_no_reason_to_ask_more_often() {
    let server = Setup::default().policy("POLL_INTERVAL", "1h").start().await;
    let mut tasks = server.tasks().await;
    for _ in 0..3 {
        let got = tasks.get_task(get("probe", meta("long message"))).await.unwrap().into_inner();
        assert_eq!(got.resource.unwrap().phase(), Phase::Running);
    }
    let calls = "flyte_connector_outside_calls_total{operation=\"get\",task_type=\"probe\"}";
    assert_eq!(server.value(calls).await, 1.0);
    server.stop().await;
}

#[tokio::test]
async fn a_panic_touches_no_other_call_and_is_counted() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let mut other = tasks.clone();
    let (panicked, fine) = tokio::join!(
        tasks.get_task(get("probe", meta("panic"))),
        other.get_task(get("probe", meta("RUNNING"))),
    );
    assert_eq!(panicked.unwrap_err().code(), Code::Internal);
    fine.unwrap();
    let line = "flyte_connector_requests_failure_total{error_code=\"500\",grpc_code=\"INTERNAL\",\
                operation=\"get\",task_type=\"probe\"} 1";
    assert!(server.counts(line).await);
    server.stop().await;
}

#[tokio::test]
async fn deadlines_of_caller_and_server_end_a_call() {
    let limits = Limits { max_call: Duration::from_millis(50), ..Limits::default() };
    // A create goes on without its caller; the server would wait for it when it ends.
    let server = Setup::default().limits(limits).policy("CREATE_LIMIT", "200ms").start().await;
    let mut tasks = server.tasks().await;
    let hanging = create("probe", &[("at_create", "hang")]);
    let late = tasks.create_task(hanging.clone()).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(late.message().contains("server's limit of 50ms"), "{}", late.message());
    assert!(late.message().contains("it goes on"), "{}", late.message());
    let late = tasks.delete_task(delete("probe", meta("hang"))).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    let mut request = Request::new(hanging);
    request.set_timeout(Duration::from_millis(40));
    // Whoever notices first, the caller or the server, the call ends as late.
    let late = tasks.create_task(request).await.unwrap_err();
    assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late:?}");
    let line = "flyte_connector_requests_failure_total{error_code=\"504\",\
                grpc_code=\"DEADLINE_EXCEEDED\",operation=\"delete\",task_type=\"probe\"} 1";
    assert!(server.counts(line).await);
    server.stop().await;
}

#[tokio::test]
async fn a_caller_that_leaves_is_counted_as_cancelled() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let call = tokio::spawn(async move { tasks.get_task(get("probe", meta("hang"))).await });
    let in_flight = "flyte_connector_requests_in_flight{operation=\"get\",task_type=\"probe\"} 1";
    server.until_counted(in_flight).await;
    call.abort();
    let line = "flyte_connector_requests_failure_total{error_code=\"499\",\
                grpc_code=\"CANCELLED\",operation=\"get\",task_type=\"probe\"} 1";
    server.until_counted(line).await;
    server.stop().await;
}

#[tokio::test]
async fn unregistered_types_share_one_label() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    for name in ["a\"b\n", "zz", ""] {
        tasks.get_task(get(name, "{}")).await.unwrap_err();
    }
    let line = "flyte_connector_requests_failure_total{error_code=\"404\",\
                grpc_code=\"NOT_FOUND\",operation=\"get\",task_type=\"unknown\"} 3";
    assert!(server.counts(line).await);
    server.stop().await;
}
