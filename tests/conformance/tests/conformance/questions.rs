//! Metrics and logs: what reaches the connector, pages and streams, and odd ranges.

use conformance_tests::Running;
use conformance_tests::probe::meta;
use conformance_tests::running::{Setup, attempt, create, get, logs, metrics};
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::get_task_logs_response::Part;
use prost_types::{Duration, Timestamp};
use tonic::Code;

/// Bodies as lists of texts, headers as `-> token`.
async fn read(server: &Running, request: pb::GetTaskLogsRequest) -> (Vec<String>, Option<Code>) {
    let mut tasks = server.tasks().await;
    let mut stream = tasks.get_task_logs(request).await.expect("a stream").into_inner();
    let mut seen = Vec::new();
    loop {
        match stream.message().await {
            Ok(None) => return (seen, None),
            Err(status) => return (seen, Some(status.code())),
            Ok(Some(message)) => seen.push(match message.part.expect("a part") {
                Part::Header(header) => format!("-> {}", header.token),
                Part::Body(body) => body
                    .lines
                    .iter()
                    .map(|line| line.message.as_str())
                    .collect::<Vec<_>>()
                    .join("|"),
            }),
        }
    }
}

#[tokio::test]
async fn lines_and_token_reach_the_connector() {
    let server = Running::start().await;
    let mut request = logs("probe", meta("say"));
    (request.lines, request.token) = (7, "t".to_owned());
    let (said, end) = read(&server, request).await;
    assert_eq!(said, [r#"LogQuery { lines: Some(7), token: "t" }"#]);
    assert_eq!(end, None);
    let (said, _) = read(&server, logs("probe", meta("say"))).await;
    assert_eq!(said, [r#"LogQuery { lines: None, token: "" }"#]);
    server.stop().await;
}

#[tokio::test]
async fn bodies_come_before_the_token_of_their_page() {
    let server = Running::start().await;
    let (seen, end) = read(&server, logs("probe", meta("stream"))).await;
    assert_eq!((seen.join(" "), end), ("one -> a two -> b".to_owned(), None));
    let (seen, end) = read(&server, logs("probe", meta("no lines"))).await;
    assert_eq!((seen, end), (vec![String::new()], None));
    server.stop().await;
}

#[tokio::test]
async fn a_broken_stream_keeps_what_was_sent() {
    let server = Running::start().await;
    let (seen, end) = read(&server, logs("probe", meta("stream error"))).await;
    assert_eq!((seen.join(" "), end), ("one".to_owned(), Some(Code::Unavailable)));
    let (seen, end) = read(&server, logs("probe", meta("stream panic"))).await;
    assert_eq!((seen.join(" "), end), ("one".to_owned(), Some(Code::Internal)));
    for code in ["UNAVAILABLE", "INTERNAL"] {
        let (_, page) = server.page("/metrics").await;
        assert!(page.contains(&format!("grpc_code=\"{code}\",operation=\"get_logs\"")), "{page}");
    }
    server.stop().await;
}

#[tokio::test]
async fn large_pages_are_split_to_what_a_caller_takes() {
    let server = Running::start().await;
    // The client receives at most 4 MiB a message, as the executor does.
    let (seen, end) = read(&server, logs("probe", meta("many lines"))).await;
    assert_eq!(end, None);
    assert!(seen.len() > 4, "{} messages", seen.len());
    assert_eq!(seen.last().map(String::as_str), Some("-> next"));
    let lines: usize = seen
        .iter()
        .filter(|part| !part.starts_with("->"))
        .map(|body| body.split('|').count())
        .sum();
    assert_eq!(lines, 5_000);
    let (seen, end) = read(&server, logs("probe", meta("long line"))).await;
    assert_eq!(end, None);
    assert!(seen[0].ends_with("bytes cut)"), "{}", seen[0].len());
    server.stop().await;
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_stream() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let request = logs("probe", meta("stream without end"));
    let mut stream = tasks.get_task_logs(request).await.unwrap().into_inner();
    stream.message().await.unwrap();
    drop(stream);
    let line = "flyte_connector_requests_failure_total{error_code=\"499\",\
                grpc_code=\"CANCELLED\",operation=\"get_logs\",task_type=\"probe\"} 1";
    server.until_counted(line).await;
    server.stop().await;
}

#[tokio::test]
async fn queries_and_times_reach_the_connector() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let request = pb::GetTaskMetricsRequest {
        queries: vec!["cpu".to_owned()],
        start_time: Some(Timestamp { seconds: 1, nanos: 5 }),
        end_time: Some(Timestamp { seconds: 2, nanos: 0 }),
        step: Some(Duration { seconds: 3, nanos: 0 }),
        ..metrics("probe", meta("say"))
    };
    let said = tasks.get_task_metrics(request).await.unwrap().into_inner().results;
    assert!(said[0].metric.contains(r#"queries: ["cpu"]"#), "{}", said[0].metric);
    assert!(said[0].metric.contains("tv_sec: 1, tv_nsec: 5"), "{}", said[0].metric);
    assert!(said[0].metric.contains("step: Some(3s)"), "{}", said[0].metric);
    server.stop().await;
}

#[tokio::test]
async fn odd_ranges_have_codes() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
    let asked = |start_time, end_time, step| pb::GetTaskMetricsRequest {
        start_time,
        end_time,
        step,
        ..metrics("probe", meta("none"))
    };
    let span = |seconds, nanos| Some(Duration { seconds, nanos });
    for (request, code) in [
        (asked(at(2, 0), at(1, 0), None), Code::OutOfRange),
        (asked(at(1, 0), at(2, 0), None), Code::OutOfRange),
        (asked(at(1, -1), None, None), Code::InvalidArgument),
        (asked(None, at(i64::MAX, 0), None), Code::InvalidArgument),
        (asked(None, None, span(0, 0)), Code::InvalidArgument),
        (asked(None, None, span(-1, 0)), Code::InvalidArgument),
        (asked(None, None, span(1, i32::MIN)), Code::InvalidArgument),
    ] {
        let refused = tasks.get_task_metrics(request.clone()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{request:?}");
    }
    let whole_run = tasks.get_task_metrics(asked(None, None, None)).await.unwrap();
    assert!(whole_run.into_inner().results.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn batch_job_has_three_pages_and_two_metrics() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let created = tasks.create_task(create("batch_job", &[])).await.unwrap();
    let resource_meta = created.into_inner().resource_meta;
    let (mut token, mut pages) = (String::new(), 0);
    loop {
        pages += 1;
        let request = pb::GetTaskLogsRequest { token, ..logs("batch_job", resource_meta.clone()) };
        let (seen, _) = read(&server, request).await;
        assert_eq!(seen[0].split('|').count(), 2, "{seen:?}");
        match seen.last().and_then(|part| part.strip_prefix("-> ")) {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    let bad = pb::GetTaskLogsRequest {
        token: "page-9".to_owned(),
        ..logs("batch_job", resource_meta.clone())
    };
    assert_eq!(tasks.get_task_logs(bad).await.unwrap_err().code(), Code::InvalidArgument);
    let measured = tasks.get_task_metrics(metrics("batch_job", resource_meta)).await.unwrap();
    let names: Vec<_> = measured.into_inner().results.into_iter().map(|m| m.metric).collect();
    assert_eq!(names, ["cpu_usage", "memory_bytes"]);
    server.stop().await;
}

#[tokio::test]
async fn a_replica_that_saw_no_secrets_of_a_job_shows_neither_its_log_nor_its_metrics() {
    let replica = || Setup::default().policy("UNSEEN_JOBS", "refuse").start();
    let (first, second) = (replica().await, replica().await);
    let secrets = [("api_key".to_owned(), "brought-by-the-task".to_owned())].into();
    let connection = Some(core_pb::Connection { secrets, ..Default::default() });
    let mut request = attempt("batch_job", "unseen", 0);
    request.connection.clone_from(&connection);
    let created = first.tasks().await.create_task(request).await.unwrap().into_inner();
    let job = created.resource_meta;
    first.tasks().await.get_task_logs(logs("batch_job", job.clone())).await.unwrap();

    let mut tasks = second.tasks().await;
    let refused = [
        tasks.get_task_logs(logs("batch_job", job.clone())).await.unwrap_err(),
        tasks.get_task_metrics(metrics("batch_job", job.clone())).await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
        assert!(status.message().contains("unseen_jobs=answer"), "{status:?}");
    }
    // Whoever polls it brings its secrets.
    let poll = pb::GetTaskRequest { connection, ..get("batch_job", job.clone()) };
    tasks.get_task(poll).await.unwrap();
    tasks.get_task_logs(logs("batch_job", job.clone())).await.unwrap();
    tasks.get_task_metrics(metrics("batch_job", job)).await.unwrap();
    first.stop().await;
    second.stop().await;
}
