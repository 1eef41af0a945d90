//! Polls of BigQuery jobs: the official connector under `c0` and the binary, one after the other beside one
//! fake of the vendor that takes 20 ms for an answer. Then the vendor falls silent, and another connector's
//! calls are timed.
//! Run by hand: `cargo build --release -p connector-server`, then
//! `cargo run --release -p vendor-tests --features bench --bin beside-official`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench::figures::Tail;
use bench::verdict;
use connector_service::pb::{CreateTaskRequest, GetTaskRequest, TaskCategory};
use interop_tests::peer::Server;
use serde_json::json;
use tokio::task::JoinSet;
use vendor_tests::bigquery::BigQuery;
use vendor_tests::fake::Fake;
use vendor_tests::official;
use vendor_tests::requests::Requests;
use vendor_tests::side::Side;

/// Jobs that are polled, each again as soon as it is answered.
const JOBS: u32 = 64;
/// How long the vendor takes.
const VENDOR: Duration = Duration::from_millis(20);
const MEASURED: Duration = Duration::from_secs(10);
/// How much better ours has to be.
const PROMISED: f64 = 20.0;
/// How far a silent vendor may move the other connector's slowest calls.
const MOVED: Duration = Duration::from_millis(5);

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    verdict::print(verdict::optimized(|| verdict::in_runtime(measure())))
}

/// What one server did.
struct Polled {
    per_second: f64,
    processor: Duration,
}

async fn measure() -> Result<(String, bool), Problem> {
    let here = std::env::current_exe()?;
    let profile = here.parent().ok_or("no folder")?;
    let venv = official(profile.parent().ok_or("no target folder")?, "the official connector");
    let venv = venv.ok_or("there is no official connector to compare with")?;
    let requests = Requests::made(&venv, "bigquery_tasks");
    let fake = Fake::open(BigQuery::default());
    let url = fake.url();
    let request = requests.of("plain", &BTreeMap::from([("key_file", BigQuery::key_file(&url))]));

    let theirs = Server::official(&venv, &[("BIGQUERY_EMULATOR_HOST", &url)])?;
    let theirs = polled(&mut Side::of(theirs, &fake).await, &request).await?;
    let binary = profile.join("connector-server");
    let ours = Server::with(&binary, &[("BIGQUERY_API_ENDPOINT", &url)])?;
    let mut side = Side::of(ours, &fake).await;
    let ours = polled(&mut side, &request).await?;
    let rate = ours.per_second / theirs.per_second;
    let cost = theirs.processor.as_secs_f64() / ours.processor.as_secs_f64();
    let mut text = format!(
        "{JOBS} jobs, polled without a pause for {MEASURED:?}; the vendor answers after {VENDOR:?}\n"
    );
    for (name, Polled { per_second, processor }) in [("official", &theirs), ("ours", &ours)] {
        writeln!(text, "  {name:10}{per_second:>9.0} polls/s{processor:>12.2?} of processor each")?;
    }
    writeln!(text, "  ratio     {rate:>9.1}         {cost:>12.1}    promised {PROMISED}")?;

    let before = other_calls(&side).await?;
    side.vendor().delay = Duration::from_secs(20);
    let polls = create(&mut side, &request, 1).await?;
    let polling = poll_all(&side, &polls);
    let silent = other_calls(&side).await?;
    drop(polling);
    let moved = silent.p99.saturating_sub(before.p99);
    writeln!(
        text,
        "another connector's calls: p99 {:.2?}, and {:.2?} while the vendor is silent; moved by \
         {moved:.2?}, promised under {MOVED:?}",
        before.p99, silent.p99
    )?;
    Ok((text, rate >= PROMISED && cost >= PROMISED && moved < MOVED))
}

async fn polled(
    side: &mut Side<'_, BigQuery>,
    request: &CreateTaskRequest,
) -> Result<Polled, Problem> {
    side.vendor().delay = VENDOR;
    let polls = create(side, request, 0).await?;
    for job in &mut side.vendor().jobs {
        job.status = json!({"state": "RUNNING"});
    }
    let (before, began) = (processor_time(side.process())?, Instant::now());
    let mut polling = poll_all(side, &polls);
    let mut count = 0_u32;
    while began.elapsed() < MEASURED {
        let first = polling.join_next().await.ok_or("nobody polls")?;
        let poll = first?;
        count += 1;
        poll_again(&mut polling, side, poll);
    }
    let (spent, took) = (processor_time(side.process())? - before, began.elapsed());
    Ok(Polled { per_second: f64::from(count) / took.as_secs_f64(), processor: spent / count })
}

/// The polls of new jobs.
async fn create(
    side: &mut Side<'_, BigQuery>,
    request: &CreateTaskRequest,
    round: u32,
) -> Result<Vec<GetTaskRequest>, Problem> {
    let mut polls = Vec::new();
    let delay = std::mem::replace(&mut side.vendor().delay, Duration::ZERO);
    for job in 0..JOBS {
        let mut request = request.clone();
        request.output_prefix = format!("s3://bench/{round}/{job}");
        let metadata = request.task_execution_metadata.as_mut().ok_or("no metadata")?;
        let id = metadata.task_execution_id.as_mut().ok_or("no execution")?;
        id.retry_attempt = round * JOBS + job;
        let (kept, created) = side.created(request).await;
        created?;
        polls.push(kept.poll());
    }
    side.vendor().delay = delay;
    Ok(polls)
}

type Polling = JoinSet<GetTaskRequest>;

fn poll_all(side: &Side<'_, BigQuery>, polls: &[GetTaskRequest]) -> Polling {
    let mut polling = JoinSet::new();
    for poll in polls {
        poll_again(&mut polling, side, poll.clone());
    }
    polling
}

fn poll_again(polling: &mut Polling, side: &Side<'_, BigQuery>, poll: GetTaskRequest) {
    let mut client = side.client();
    polling.spawn(async move {
        client.get_task(poll.clone()).await.ok();
        poll
    });
}

/// How long calls of a connector take that has no vendor, one after the other.
async fn other_calls(side: &Side<'_, BigQuery>) -> Result<Tail, Problem> {
    let poll = GetTaskRequest {
        resource_meta: r#"{"job_id": "b", "created_at": 1.5, "duration_seconds": 1e12}"#.into(),
        task_category: Some(TaskCategory { name: "batch_job".to_owned(), version: 0 }),
        ..Default::default()
    };
    let mut client = side.client();
    let mut took = Vec::new();
    let began = Instant::now();
    while began.elapsed() < MEASURED {
        let asked = Instant::now();
        client.get_task(poll.clone()).await?;
        took.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Tail::of(took).ok_or_else(|| "no calls".into())
}

/// User and system time of a process, which Linux counts in hundredths of a second.
fn processor_time(process: u32) -> Result<Duration, Problem> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything.
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>);
    Ok(Duration::from_millis(10) * ticks.sum::<Result<u32, _>>()?)
}
