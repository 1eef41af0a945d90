//! What the jobs remembered between polls take, counted in bytes asked for. Such figures are those of every
//! machine, so they are a test and no measurement.

use std::time::Duration;

use connector_core::prelude::*;
use connector_core::{TaskLog, pb};
use tokio::runtime::Builder;

use crate::probe::{Answer, Bench};

/// The promise, of an answer or a job.
const EACH: usize = 250;
/// The table of records has just doubled: the worst moment for what one of them takes.
const JOBS: usize = 1_800;
/// Interval enough for every poll of a test.
const PACE: (&str, &str) = ("POLL_INTERVAL", "1h");

/// What stays of as many jobs, in bytes for each.
fn bytes_each(values: &[(&str, &str)], jobs: impl AsyncFnOnce(&Bench)) -> usize {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let bench = runtime.block_on(Bench::new(values));
    // What is there once, and comes with the first job.
    runtime.block_on(async { bench.poll("first").await.unwrap() });
    let asked = allocation_counter::measure(|| runtime.block_on(jobs(&bench)));
    usize::try_from(asked.bytes_current).unwrap() / JOBS
}

/// What vendors say of a job that runs: a message, and where its page is.
fn running() -> Resource {
    let page = "https://console.example.com/projects/p-4711/jobs/0123456789";
    Resource::running().message("RUNNING: step 3 of 7").log_link(TaskLog::new("console", page))
}

#[test]
fn an_answer_that_is_still_good_takes_little_room() {
    let each = bytes_each(&[PACE], async |bench| {
        for job in 0..JOBS {
            bench.answer([Answer::Says(running())]);
            bench.poll(&format!("j-{job:010}")).await.unwrap();
        }
        assert_eq!(bench.remembered("answers"), JOBS + 1);
    });
    assert!(each <= EACH, "{each} bytes");
}

#[test]
fn a_job_with_outputs_that_the_vendor_puts_off_takes_little_room() {
    let each = bytes_each(&[("RETRY_FOR", "0")], async |bench| {
        let later = Duration::from_secs(600);
        for job in 0..JOBS {
            let call = bench.call(None);
            let mut create = bench.create(None);
            create.template.interface = Some(declaring(&["rows", "report"]));
            let meta = bench.gate.create(create, &call).await.unwrap();
            let error =
                ConnectorError::transient_after(later, "429 of the API: 100 calls a minute");
            bench.answer([Answer::Fails(error)]);
            let request = connector_core::host::JobRequest { resource_meta: meta, ..bench.job("") };
            bench.gate.get(request, &call).await.unwrap();
            assert!(job < bench.remembered("jobs"));
        }
    });
    assert!(each <= EACH, "{each} bytes");
}

fn declaring(names: &[&str]) -> pb::TypedInterface {
    let plain = Some(pb::literal_type::Type::Simple(pb::SimpleType::Integer as i32));
    let of_type = pb::Variable {
        r#type: Some(pb::LiteralType { r#type: plain, ..Default::default() }),
        ..Default::default()
    };
    let entry =
        |name: &&str| pb::VariableEntry { key: (*name).to_owned(), value: Some(of_type.clone()) };
    let outputs = Some(pb::VariableMap { variables: names.iter().map(entry).collect() });
    pb::TypedInterface { outputs, ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn what_gives_first_is_the_oldest_answer_and_is_counted() {
    let bench = Bench::new(&[PACE, ("MAX_REMEMBERED_BYTES", "10KB")]).await;
    for job in 0..200 {
        bench.poll(&format!("j-{job}")).await.unwrap();
    }
    let reading = bench.reading("answers");
    assert!((50..150).contains(&reading.count), "{reading:?}");
    assert_eq!(reading.count as u64 + reading.given_up, 200);
    // The newest keep their pace, the oldest is asked about again.
    bench.poll("j-199").await.unwrap();
    assert_eq!(bench.polls(), 200);
    bench.poll("j-0").await.unwrap();
    assert_eq!(bench.polls(), 201);
}
