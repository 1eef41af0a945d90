//! Time on the way: an answer must arrive before its caller leaves, whatever the outside system does.
//! The line takes a quarter of a second each way, and the caller is one that rounds its timeout up.

use std::time::Duration;

use conformance_tests::probe::{LAST_MOMENT, meta};
use conformance_tests::running::{create, delete, get, logs, metrics};
use conformance_tests::slow_link;
use connector_core::pb::task_execution::Phase;
use connector_service::pb::GetTaskLogsRequest;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use tokio::time::{Instant, timeout};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

type Tasks = AsyncConnectorServiceClient<Channel>;

const EACH_WAY: Duration = Duration::from_millis(250);
/// When the caller leaves.
const PATIENCE: Duration = Duration::from_secs(10);
/// What it says of that: grpcio keeps three digits and rounds up.
const TOLD: Duration = Duration::from_millis(10_100);

/// A request as its caller sends it.
fn sent<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(TOLD);
    request
}

/// What a caller gets before it leaves.
async fn arrived<T>(answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    timeout(PATIENCE, answer).await.expect("the caller has left before its answer came")
}

async fn read(tasks: &mut Tasks, request: GetTaskLogsRequest) -> Result<usize, (usize, Status)> {
    let mut messages = match tasks.get_task_logs(sent(request)).await {
        Ok(messages) => messages.into_inner(),
        Err(status) => return Err((0, status)),
    };
    let mut read = 0;
    loop {
        match messages.message().await {
            Ok(Some(_)) => read += 1,
            Ok(None) => return Ok(read),
            Err(status) => return Err((read, status)),
        }
    }
}

/// The server's own words, not those of the caller's library.
fn says_so(status: &Status) {
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    let text = "the connector did not answer within the caller's 10.1s";
    assert!(status.message().contains(text), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outside_system_that_hangs_is_told_of_in_time() {
    let mut tasks = slow_link::tasks(EACH_WAY).await;
    // The executor counts errors of polls for the life of a job, so there is none.
    let polled = arrived(tasks.get_task(sent(get("probe", meta("hang"))))).await.unwrap();
    let state = polled.into_inner().resource.unwrap();
    assert_eq!(state.phase(), Phase::Running);
    assert!(state.message.ends_with("did not answer within 10.1s"), "{}", state.message);

    let late = arrived(tasks.delete_task(sent(delete("probe", meta("hang"))))).await.unwrap_err();
    says_so(&late);
    let hanging = create("probe", &[("at_create", "hang")]);
    let late = arrived(tasks.create_task(sent(hanging))).await.unwrap_err();
    says_so(&late);
    assert!(late.message().contains("it goes on"), "{late:?}");
    let measured = tasks.get_task_metrics(sent(metrics("probe", meta("hang"))));
    says_so(&arrived(measured).await.unwrap_err());
    for (act, messages) in [("hang", 0), ("stream that hangs", 1)] {
        let reading = read(&mut tasks, logs("probe", meta(act)));
        let (read, late) = timeout(PATIENCE, reading).await.expect("in time").unwrap_err();
        assert_eq!(read, messages, "{act}");
        says_so(&late);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_in_the_last_moment_arrives() {
    let mut tasks = slow_link::tasks(EACH_WAY).await;
    let late = meta("last moment");
    let began = Instant::now();
    arrived(tasks.get_task(sent(get("probe", late.clone())))).await.unwrap();
    assert!(began.elapsed() >= LAST_MOMENT + 2 * EACH_WAY, "{:?}", began.elapsed());
    arrived(tasks.delete_task(sent(delete("probe", late.clone())))).await.unwrap();
    let slow = create("probe", &[("at_create", "last moment"), ("act", "RUNNING")]);
    arrived(tasks.create_task(sent(slow))).await.unwrap();
    arrived(tasks.get_task_metrics(sent(metrics("probe", late.clone())))).await.unwrap();
    let reading = read(&mut tasks, logs("probe", late));
    assert_eq!(timeout(PATIENCE, reading).await.expect("in time").unwrap(), 1);
}
