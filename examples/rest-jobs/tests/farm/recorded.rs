//! The connector call by call, on recorded answers: phases, outputs, logs, refusals.
//! What the farm will not do on demand was written by hand.

use std::time::Duration;

use connector_core::prelude::*;
use connector_testing::{Cassette, CassetteBuilder, Harness, Task};
use rest_jobs_connector::RenderFarm;

use crate::vendor::{FakeFarm, KEY};

/// A task that works, on the farm at that address.
pub(crate) fn render(url: &str) -> Task {
    let scene = File::new("s3://scenes/intro.blend").into_literal().unwrap();
    let frames = vec![1_i64, 2, 3].into_literal().unwrap();
    Task::new("render_farm")
        .input("scene", scene)
        .input("frames", frames)
        .output("video")
        .output("seconds")
        .custom("fps", 30)
        .secret("api_key", KEY)
        .connection_config("url", url)
}

/// The connector; the key in its settings is the one for logs.
fn connector() -> Harness {
    let settings = [("api_key".to_owned(), KEY.to_owned())].into_iter().collect();
    Harness::new(RenderFarm::new(&settings).unwrap())
}

/// The file of that name. A recording opens a fake farm; with a real one there would be its URL, a
/// key from the environment, and no `keep_clock`.
fn cassette(name: &str) -> CassetteBuilder {
    let farm = FakeFarm::new();
    farm.open();
    Cassette::at(format!("tests/cassettes/{name}.json"))
        .vendor(farm.url())
        .keep_clock()
        .secret(KEY)
        .ignore("idempotency_key")
}

#[tokio::test(start_paused = true)]
async fn a_job_from_order_to_film() {
    let farm = cassette("film").start().await.unwrap();
    let job = connector().create(&render(farm.url())).await.unwrap();
    let again = job.create_again().await.unwrap();
    assert_eq!(job.resource_meta(), again.resource_meta(), "one attempt is one job");

    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Queued, Phase::Initializing, Phase::Running, Phase::Succeeded]);
    assert_eq!(journey.polls()[2].message, "rendering");
    assert_eq!(journey.polls()[0].log_links[0].uri, format!("{}/jobs/job-0", farm.url()));
    assert_eq!(journey.output::<File>("video").unwrap(), File::new("s3://farm/job-0.mp4"));
    assert_eq!(journey.output::<f64>("seconds"), Ok(1.5));

    assert_eq!(job.log().await.unwrap(), ["scene loaded", "frame 1", "frame 2", "film written"]);
    // The executor deletes every job at the end; the farm's 409 is no error.
    job.delete().await.unwrap();
    farm.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_has_failed() {
    let farm = cassette("cancelled").start().await.unwrap();
    let job = connector().create(&render(farm.url())).await.unwrap();
    job.delete().await.unwrap();
    job.delete().await.unwrap();
    job.run().await.unwrap().assert_phases([Phase::Failed]);
    farm.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_kinds() {
    let farm = cassette("refusals").start().await.unwrap();
    let connector = connector();
    let refused = async |task: Task| connector.create(&task).await.unwrap_err();

    let wrong = refused(render(farm.url()).custom("fps", 121)).await;
    assert_eq!(wrong.kind(), ErrorKind::InvalidTask);
    assert!(wrong.message().contains("`fps` is 1 to 120"), "{wrong}");

    let busy = refused(render(farm.url()).custom("preset", "rush-hour")).await;
    let retry_after = Some(Duration::from_secs(7));
    assert_eq!(busy.kind(), ErrorKind::Transient { retry_after });

    let unknown = connector.job(&render(farm.url()), meta("job-77", farm.url()));
    assert_eq!(unknown.get().await.unwrap_err().kind(), ErrorKind::NotFound);
    unknown.delete().await.unwrap();
    farm.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_farm_does_seldom() {
    let farm = cassette("seldom").by_hand().start().await.unwrap();
    let connector = connector();
    let job = |id: &str| connector.job(&render(farm.url()), meta(id, farm.url()));

    let kind = |error: ConnectorError| error.kind();
    let transient = ErrorKind::Transient { retry_after: None };
    assert_eq!(kind(job("behind-a-proxy").get().await.unwrap_err()), transient);
    assert_eq!(kind(job("cut-short").get().await.unwrap_err()), transient);
    assert_eq!(kind(job("of-another").get().await.unwrap_err()), ErrorKind::Permanent);
    assert_eq!(kind(job("old-key").get().await.unwrap_err()), ErrorKind::Unauthenticated);
    assert_eq!(kind(job("no-film").get().await.unwrap_err()), ErrorKind::Permanent);

    job("unlucky").run().await.unwrap().assert_phases([Phase::RetryableFailed]);
    let unknown = job("new-state").get().await.unwrap();
    assert_eq!(unknown.phase, Phase::Running);
    assert_eq!(unknown.unknown_state.as_deref(), Some("DEFRAGMENTING"));
    farm.finish().unwrap();
}

#[tokio::test]
async fn a_farm_that_is_closed_is_told_with_the_reason() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = connector().create(&render(&format!("http://{nobody}"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient { retry_after: None });
    // The HTTP client's own text says only that a request could not be sent.
    assert!(error.message().contains("the farm does not answer: error sending"), "{error}");
    assert!(error.message().contains("Connection refused"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_key_goes_to_hosts_of_http_only() {
    let connector = connector();
    for (url, expected) in [("farm", "is none"), ("data:x", "has no host")] {
        let error = connector.create(&render(url)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTask);
        assert!(error.message().contains(expected), "{error}");
    }
}

/// What Flyte would have stored.
fn meta(id: &str, url: &str) -> String {
    serde_json::json!({"job_id": id, "url": url}).to_string()
}
