//! How often BigQuery is asked, and what an outage does to jobs, through the whole service and on paused
//! time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::Registry;
use connector_core::prelude::*;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::{InProcess, Server, pb as wire};
use connector_testing::{End, FakeExecutor};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::vendor::FakeBigQuery;
use super::{STATEMENT, connector, key_file, query};

async fn service(fake: &FakeBigQuery) -> InProcess {
    let google = connector(fake, &Settings::default());
    let registry = Registry::builder().register(google).build().await.unwrap();
    InProcess::serve(Server::builder().registry(registry).without_isolation().build())
}

/// Vendor calls and polls of that many jobs, each as old as that, polled so often.
async fn counted(jobs: usize, age: Duration, every: Duration, rounds: u32) -> (usize, usize) {
    let fake = FakeBigQuery::new();
    let server = service(&fake).await;
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - age;
    fake.books().statistics = Some(json!({"creationTime": created.as_millis().to_string()}));
    fake.books().status = Some(json!({"state": "RUNNING"}));
    fake.books().add_jobs(jobs);
    let secrets = [("google_application_credentials".to_owned(), key_file(&fake))];
    let connection = pb::Connection { secrets: secrets.into(), ..Default::default() };
    let category = wire::TaskCategory { name: "bigquery_query_job_task".to_owned(), version: 0 };
    let began = Instant::now();
    let (mut asked, mut polls) = (0, 0);
    for round in 0..rounds {
        sleep_until(began + every * round).await;
        let poll = |job| {
            let mut tasks = AsyncConnectorServiceClient::new(server.channel());
            let meta = format!(
                "{{\"job_id\": \"{job}\", \"project\": \"p\", \"location\": \"europe-west3\"}}"
            );
            let request = wire::GetTaskRequest {
                resource_meta: meta.into(),
                task_category: Some(category.clone()),
                connection: Some(connection.clone()),
                ..Default::default()
            };
            async move {
                let answer = tasks.get_task(request).await.unwrap().into_inner().resource.unwrap();
                assert_eq!(answer.phase().as_str_name(), "RUNNING", "{}", answer.message);
            }
        };
        for some in (0..jobs).collect::<Vec<_>>().chunks(100) {
            let polled: Vec<_> = some.iter().map(|job| tokio::spawn(poll(*job))).collect();
            for poll in polled {
                poll.await.unwrap();
            }
        }
        // At first every job is new here.
        let now = fake.asked().len();
        if round > 0 {
            (asked, polls) = (asked + now, polls + jobs);
        }
    }
    server.stop().await.unwrap();
    (asked, polls)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_old_jobs_cost_a_third_of_their_polls() {
    let hour = Duration::from_secs(3_600);
    let (asked, polls) = counted(1_000, hour, Duration::from_secs(30), 9).await;
    assert!(asked > 0 && asked * 3 <= polls, "{asked} calls for {polls} polls");
}

#[tokio::test(start_paused = true)]
async fn young_jobs_are_asked_about_at_every_poll() {
    let second = Duration::from_secs(1);
    assert_eq!(counted(10, second, 10 * second, 4).await, (30, 30));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_ten_minutes_loses_no_job() {
    let fake = FakeBigQuery::new();
    let server = service(&fake).await;
    let executor = FakeExecutor::new(server.channel());
    let task = query(&fake, STATEMENT);
    let running = tokio::spawn(async move { executor.run(&task).await });
    while fake.books().jobs.is_empty() {
        sleep(Duration::from_millis(100)).await;
    }
    fake.books().is_out = true;
    sleep(Duration::from_secs(605)).await;
    fake.books().is_out = false;
    let record = running.await.unwrap();
    assert!(matches!(record.end, End::Succeeded { .. }), "{:?}", record.end);
    let [attempt] = record.attempts.as_slice() else { panic!("one attempt: {record:?}") };
    assert!(attempt.failed_polls.is_empty() && attempt.polls >= 20, "{attempt:?}");
    assert_eq!(fake.books().jobs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_vendor_silent_for_twenty_seconds_loses_no_job() {
    let fake = FakeBigQuery::new();
    let server = service(&fake).await;
    let executor = FakeExecutor::new(server.channel());
    let task = query(&fake, STATEMENT);
    let running = tokio::spawn(async move { executor.run(&task).await });
    while fake.books().jobs.is_empty() {
        sleep(Duration::from_millis(100)).await;
    }
    fake.books().delay = Duration::from_secs(20);
    sleep(Duration::from_secs(120)).await;
    fake.books().delay = Duration::ZERO;
    let record = running.await.unwrap();
    assert!(matches!(record.end, End::Succeeded { .. }), "{:?}", record.end);
    assert!(record.attempts.iter().all(|attempt| attempt.failed_polls.is_empty()), "{record:?}");
    assert_eq!((record.attempts.len(), fake.books().jobs.len()), (1, 1));
}
