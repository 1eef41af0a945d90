//! Polls of BigQuery jobs: the official connector under `c0` and the binary take turns, each beside a fake of the
//! vendor that takes 20 ms for an answer. Then the vendor falls silent, and another connector's calls are timed.
//! Run by hand: `cargo build --release -p connector-server`, then
//! `cargo run --release -p vendor-tests --features bench --bin beside-official`. An argument `NAME=PATH` takes
//! another server along, such as a build of before a change.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bench::figures::{Spread, Tail};
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
/// How often everybody has a turn, and for how long. What is told is the median.
const ROUNDS: u32 = 5;
const TURN: Duration = Duration::from_secs(5);
/// How much better ours has to be.
const PROMISED: f64 = 20.0;
/// How far a silent vendor may move the other connector's slowest calls.
const MOVED: Duration = Duration::from_millis(5);
/// Jobs of this age are not asked about at each poll.
const OLD: Duration = Duration::from_secs(600);

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    verdict::print(verdict::optimized(|| verdict::in_runtime(measure())))
}

/// What one server did in a turn.
#[derive(Clone, Copy)]
struct Polled {
    per_second: f64,
    /// Microseconds of processor time for each poll.
    processor: f64,
    /// Calls of the vendor for each poll.
    vendor_calls: f64,
}

impl Polled {
    const FIGURES: [fn(&Self) -> f64; 3] =
        [|it| it.per_second, |it| it.processor, |it| it.vendor_calls];
}

async fn measure() -> Result<(String, bool), Problem> {
    let here = std::env::current_exe()?;
    let profile = here.parent().ok_or("no folder")?;
    let venv = official(profile.parent().ok_or("no target folder")?, "the official connector");
    let venv = venv.ok_or("there is no official connector to compare with")?;
    let requests = Requests::made(&venv, "bigquery_tasks");
    let mut others = vec![("ours".to_owned(), profile.join("connector-server"))];
    for other in std::env::args().skip(1) {
        let (name, path) = other.split_once('=').ok_or("say NAME=PATH")?;
        others.push((name.to_owned(), path.into()));
    }
    let names: Vec<&str> =
        std::iter::once("official").chain(others.iter().map(|(name, _)| name.as_str())).collect();
    // One vendor for each, as one would find the jobs of another.
    let fakes: Vec<_> = names.iter().map(|_| Fake::open(BigQuery::default())).collect();
    let mut sides = Vec::new();
    for (at, fake) in fakes.iter().enumerate() {
        let server = match at.checked_sub(1).and_then(|at| others.get(at)) {
            None => Server::official(&venv, &[("BIGQUERY_EMULATOR_HOST", &fake.url())])?,
            Some((_, path)) => Server::with(path, &[("BIGQUERY_API_ENDPOINT", &fake.url())])?,
        };
        let key = BigQuery::key_file(&fake.url());
        let request = requests.of("plain", &BTreeMap::from([("key_file", key)]));
        sides.push((Side::of(server, fake).await, request));
    }

    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut turns = Vec::new();
        for ((side, request), fake) in sides.iter_mut().zip(&fakes) {
            turns.push(polled(side, fake, request, round, Duration::ZERO).await?);
        }
        rounds.push(turns);
    }
    let (mut text, kept) = table(&names, &rounds)?;

    let ((ours, request), fake) =
        (sides.get_mut(1).ok_or("no server")?, fakes.get(1).ok_or("no vendor")?);
    let of_old = polled(ours, fake, request, ROUNDS, OLD).await?;
    writeln!(
        text,
        "ours, jobs that are {OLD:?} old: {:.0} polls/s, {:.1} us each, {:.4} calls of the vendor for each",
        of_old.per_second, of_old.processor, of_old.vendor_calls
    )?;
    let (silence, unmoved) = silence(ours, request).await?;
    text.push_str(&silence);
    Ok((text, kept && unmoved))
}

/// The medians of all rounds, and of what the official connector is to the others in each.
fn table(names: &[&str], rounds: &[Vec<Polled>]) -> Result<(String, bool), Problem> {
    let mut text = format!(
        "{JOBS} jobs, polled without a pause; the vendor answers after {VENDOR:?}; medians of {ROUNDS} turns \
         of {TURN:?} each\n\n\
         |            |  polls/s | processor each | vendor calls each | rate, official = 1 | processor, official / it |\n\
         |---|---|---|---|---|---|\n"
    );
    let mut kept = true;
    for (at, name) in names.iter().enumerate() {
        let of = |figure: &dyn Fn(&Polled, &Polled) -> f64| {
            let each =
                rounds.iter().filter_map(|turns| Some(figure(turns.get(at)?, turns.first()?)));
            median(each.collect()).ok_or("no rounds")
        };
        let [per_second, processor, calls] = Polled::FIGURES.map(|figure| of(&|it, _| figure(it)));
        let rate = of(&|it, official| it.per_second / official.per_second)?;
        let cost = of(&|it, official| official.processor / it.processor)?;
        writeln!(
            text,
            "| {name:10} | {:>8.0} | {:>11.1} us | {:>17.3} | {rate:>18.1} | {cost:>24.1} |",
            per_second?, processor?, calls?
        )?;
        if *name == "ours" {
            kept = rate >= PROMISED && cost >= PROMISED;
        }
    }
    writeln!(text, "\npromised of ours: {PROMISED} in the last two columns")?;
    Ok((text, kept))
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// How far another connector's calls are moved by a vendor that says nothing.
async fn silence(
    side: &mut Side<'_, BigQuery>,
    request: &CreateTaskRequest,
) -> Result<(String, bool), Problem> {
    let before = other_calls(side).await?;
    side.vendor().delay = Duration::from_secs(20);
    let polls = create(side, request, ROUNDS + 1).await?;
    let polling = poll_all(side, &polls);
    let silent = other_calls(side).await?;
    drop(polling);
    let moved = silent.saturating_sub(before);
    let text = format!(
        "another connector's calls: p99 {before:.2?}, and {silent:.2?} while the vendor is silent; moved by \
         {moved:.2?}, promised under {MOVED:?}\n"
    );
    Ok((text, moved < MOVED))
}

/// One turn, over new jobs of that age.
async fn polled(
    side: &mut Side<'_, BigQuery>,
    fake: &Fake<BigQuery>,
    request: &CreateTaskRequest,
    round: u32,
    age: Duration,
) -> Result<Polled, Problem> {
    side.vendor().delay = VENDOR;
    let polls = create(side, request, round).await?;
    let created = (SystemTime::now() - age).duration_since(UNIX_EPOCH)?.as_millis();
    for job in &mut side.vendor().jobs {
        job.status = json!({"state": "RUNNING"});
        job.statistics = json!({"creationTime": created.to_string()});
    }
    drop(fake.calls());
    let (before, began) = (processor_time(side.process())?, Instant::now());
    let mut polling = poll_all(side, &polls);
    let mut count = 0_u32;
    while began.elapsed() < TURN {
        let first = polling.join_next().await.ok_or("nobody polls")?;
        let poll = first?;
        count += 1;
        poll_again(&mut polling, side, poll);
    }
    let (spent, took) = (processor_time(side.process())? - before, began.elapsed());
    let calls = fake.calls().len();
    // The next turn is somebody else's.
    polling.abort_all();
    Ok(Polled {
        per_second: f64::from(count) / took.as_secs_f64(),
        processor: spent.as_secs_f64() * 1e6 / f64::from(count),
        vendor_calls: calls as f64 / f64::from(count),
    })
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

/// The p99 of calls of a connector that has no vendor, one after the other: the median of all turns.
async fn other_calls(side: &Side<'_, BigQuery>) -> Result<Duration, Problem> {
    let poll = GetTaskRequest {
        resource_meta: r#"{"job_id": "b", "created_at": 1.5, "duration_seconds": 1e12}"#.into(),
        task_category: Some(TaskCategory { name: "batch_job".to_owned(), version: 0 }),
        ..Default::default()
    };
    let mut client = side.client();
    let mut tails = Vec::new();
    for _ in 0..ROUNDS {
        let mut took = Vec::new();
        let began = Instant::now();
        while began.elapsed() < TURN / 2 {
            let asked = Instant::now();
            client.get_task(poll.clone()).await?;
            took.push(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tails.push(Tail::of(took).ok_or("no calls")?.p99);
    }
    Ok(Spread::of(tails).ok_or("no turns")?.median)
}

/// User and system time of a process, which Linux counts in hundredths of a second.
fn processor_time(process: u32) -> Result<Duration, Problem> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything.
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>);
    Ok(Duration::from_millis(10) * ticks.sum::<Result<u32, _>>()?)
}
