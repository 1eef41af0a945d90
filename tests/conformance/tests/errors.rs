//! Failures: codes and texts of every operation, panics, deadlines, callers that leave.

use std::time::Duration;

use conformance_tests::Running;
use conformance_tests::probe::meta;
use conformance_tests::running::{create, delete, get, logs, metrics};
use connector_server::{Limits, pb};
use tonic::{Code, Request};

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

#[tokio::test]
async fn errors_of_create_get_and_delete_read_as_in_python() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    for (act, text) in [
        ("invalid", "`x` must be a number"),
        ("permanent", "no such table"),
        ("retryable", "the node was lost"),
        ("transient", "503"),
        ("unauthenticated", "the token has expired"),
        ("panic", "panic: the probe was told to"),
    ] {
        let refused = [
            ("create", tasks.create_task(create("probe", &[("at_create", act)])).await.map(drop)),
            ("get", tasks.get_task(get("probe", meta(act))).await.map(drop)),
            ("delete", tasks.delete_task(delete("probe", meta(act))).await.map(drop)),
        ];
        for (operation, refused) in refused {
            let status = refused.unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{operation} {act}");
            let expected = format!("failed to {operation} probe task with error:\n {text}.");
            assert_eq!(status.message(), expected);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn wrong_settings_are_refused_by_name() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let request = create("batch_job", &[("duration_seconds", "soon")]);
    let refused = tasks.create_task(request).await.unwrap_err();
    assert_eq!(
        refused.message(),
        "failed to create batch_job task with error:\n \
         `custom.duration_seconds` must be a number, not a string."
    );
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

#[tokio::test]
async fn texts_always_travel() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let huge = tasks.get_task(get("probe", meta("huge"))).await.unwrap_err();
    assert_eq!(huge.code(), Code::Internal);
    assert!(huge.message().starts_with("failed to get probe task with error:\n é? é?"));
    assert!(huge.message().len() <= 4096, "{} bytes", huge.message().len());
    assert!(huge.message().ends_with("server's log)"));
    let control = tasks.get_task(get("probe", meta("control"))).await.unwrap_err();
    assert!(control.message().contains("a\r\nb\0c\u{1b}[31m"), "{:?}", control.message());
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
    let server = Running::with_limits(limits).await;
    let mut tasks = server.tasks().await;
    let late = tasks.get_task(get("probe", meta("hang"))).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(late.message().contains("server's limit of 50ms"), "{}", late.message());
    let mut request = Request::new(create("probe", &[("at_create", "hang")]));
    request.set_timeout(Duration::from_millis(40));
    // Whoever notices first, the caller or the server, the call ends as late.
    let late = tasks.create_task(request).await.unwrap_err();
    assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late:?}");
    let line = "flyte_connector_requests_failure_total{error_code=\"504\",\
                grpc_code=\"DEADLINE_EXCEEDED\",operation=\"get\",task_type=\"probe\"} 1";
    assert!(server.counts(line).await);
    server.stop().await;
}

#[tokio::test]
async fn a_caller_that_leaves_is_counted_as_cancelled() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let call = tokio::spawn(async move { tasks.get_task(get("probe", meta("hang"))).await });
    let in_flight = "flyte_connector_requests_in_flight{operation=\"get\",task_type=\"probe\"} 1";
    while !server.counts(in_flight).await {
        tokio::task::yield_now().await;
    }
    call.abort();
    let line = "flyte_connector_requests_failure_total{error_code=\"499\",\
                grpc_code=\"CANCELLED\",operation=\"get\",task_type=\"probe\"} 1";
    while !server.counts(line).await {
        tokio::task::yield_now().await;
    }
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
