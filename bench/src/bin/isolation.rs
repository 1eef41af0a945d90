//! What a connector that blocks its threads does to the others: their latency, and the health check.
//! Run by hand, after release builds; README.md says how. Fails if a promise is broken.
//! The load is gentle on purpose: a full server would show its queue and not the connector.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bench::figures::Tail;
use bench::process::{SERVE, ServingProcess};
use bench::verdict;
use bytes::Bytes;
use clap::Parser;
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use prost_types::{Struct, Value, value::Kind};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// The promises: how far the others' p99 may move, and how long a probe waits for health.
const MOVES: Duration = Duration::from_millis(5);
const PROBE: Duration = Duration::from_secs(1);

/// How long each poll blocks its thread.
const BLOCK: Duration = Duration::from_secs(4);
/// How long the executor waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two calls of one connection, and between two checks of health.
const PACE: Duration = Duration::from_millis(10);
const CHECKS: Duration = Duration::from_millis(50);

/// Measures the latency of one connector's calls, and of health, while another one blocks.
#[derive(Debug, Parser)]
struct Arguments {
    /// Connections that poll the connector that does not block, each a hundred times a second.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Polls that block at the same time.
    #[arg(long, default_value_t = 8)]
    blocked: usize,
    /// Quick polls of the same connector before it begins to block.
    #[arg(long, default_value_t = 2_000)]
    quick_polls: usize,
    /// Seconds per measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds; each measures without and with the connector that blocks.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Measure a server as well that runs connectors on its own threads: what is promised is then
    /// what it breaks.
    #[arg(long)]
    contrast: bool,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;
type Tasks = AsyncConnectorServiceClient<Channel>;

/// One measurement without and one with the connector that blocks, shortly after each other.
struct Round {
    calm: Seen,
    blocked: Seen,
}

/// What was seen in one measurement.
#[derive(Default)]
struct Seen {
    calls: Vec<Duration>,
    checks: Vec<Duration>,
    /// Checks that were not answered in time.
    missed: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| verdict::in_runtime(measure(&arguments))))
}

async fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let program = std::env::current_exe()?.with_file_name("connector-server");
    let server = start(&program, &[]).await?;
    let measured = rounds(&server, arguments).await?;
    server.end().await?;
    let (mut text, kept) = report("connector-server", &measured)?;
    if arguments.contrast {
        let server = start(&program, &["CONNECTOR_POLICY__ISOLATION=shared"]).await?;
        let measured = rounds(&server, arguments).await?;
        server.end().await?;
        text.push_str(&report("on the server's own threads", &measured)?.0);
    }
    Ok((text, kept))
}

async fn start(program: &Path, variables: &[&str]) -> Result<ServingProcess, Problem> {
    let program = program.display().to_string();
    let arguments = variables.iter().copied().chain([program.as_str()]).chain(SERVE);
    Ok(ServingProcess::start(&PathBuf::from("/usr/bin/env"), arguments).await?)
}

/// Without and with the connector that blocks, by turns.
async fn rounds(server: &ServingProcess, arguments: &Arguments) -> Result<Vec<Round>, Problem> {
    let endpoint = Endpoint::from_shared(server.address().to_owned())?.tcp_nodelay(true);
    let mut rounds = Vec::new();
    for _ in 0..arguments.rounds {
        let calm = Seen::watch(&endpoint, arguments).await?;
        // All are made before the first one blocks, and a connector that was quick until now is the
        // one that takes a server by surprise.
        let quick = create_simulated(Duration::ZERO);
        let mut tasks = AsyncConnectorServiceClient::new(endpoint.connect().await?);
        let job = tasks.create_task(quick).await?.into_inner().resource_meta;
        for _ in 0..arguments.quick_polls {
            tasks.get_task(get("simulator", job.clone())).await?;
        }
        let mut jobs = Vec::new();
        for _ in 0..arguments.blocked {
            let mut tasks = AsyncConnectorServiceClient::new(endpoint.connect().await?);
            let created = tasks.create_task(create_simulated(BLOCK)).await?;
            jobs.push((tasks, created.into_inner().resource_meta));
        }
        let mut blocking = JoinSet::new();
        for (tasks, job) in jobs {
            blocking.spawn(block(tasks, job));
        }
        let blocked = Seen::watch(&endpoint, arguments).await?;
        rounds.push(Round { calm, blocked });
        if let Some(ended) = blocking.try_join_next() {
            return Err(format!("a connection that should block ended: {ended:?}").into());
        }
        blocking.shutdown().await;
        // Threads that still block belong to this measurement and not to the next one.
        sleep(BLOCK + BLOCK / 4).await;
    }
    Ok(rounds)
}

async fn block(mut tasks: Tasks, job: Bytes) -> Result<(), Problem> {
    loop {
        let began = Instant::now();
        let mut request = Request::new(get("simulator", job.clone()));
        request.set_timeout(Duration::from_secs(60));
        tasks.get_task(request).await?;
        if began.elapsed() < BLOCK {
            return Err("a poll came back before it can have blocked its thread".into());
        }
    }
}

impl Seen {
    /// Calls and checks for the time of one measurement.
    async fn watch(endpoint: &Endpoint, arguments: &Arguments) -> Result<Self, Problem> {
        let mut seen = Self::default();
        let over = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for _ in 0..arguments.connections {
            let tasks = AsyncConnectorServiceClient::new(endpoint.connect().await?);
            callers.spawn(call(tasks, Arc::clone(&over)));
        }
        let mut health = HealthClient::new(endpoint.connect().await?);
        let mut pace = paced(CHECKS);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(arguments.seconds) {
            pace.tick().await;
            let mut check = Request::new(HealthCheckRequest::default());
            check.set_timeout(PROBE);
            let asked = Instant::now();
            if health.check(check).await.is_err() {
                seen.missed += 1;
            }
            seen.checks.push(asked.elapsed());
        }
        over.store(true, Ordering::Relaxed);
        while let Some(called) = callers.join_next().await {
            seen.calls.extend(called??);
        }
        Ok(seen)
    }
}

/// The latency of each call of one connection.
async fn call(mut tasks: Tasks, over: Arc<AtomicBool>) -> Result<Vec<Duration>, Problem> {
    const JOB: &[u8] =
        br#"{"job_id": "0a1b2c3d", "created_at": 4000000000.0, "duration_seconds": 5.0}"#;
    let mut took = Vec::new();
    let mut pace = paced(PACE);
    while !over.load(Ordering::Relaxed) {
        pace.tick().await;
        let mut request = Request::new(get("batch_job", Bytes::from_static(JOB)));
        request.set_timeout(PATIENCE);
        let asked = Instant::now();
        let answered = tasks.get_task(request).await;
        took.push(asked.elapsed());
        match answered.map_err(|status| (status.code(), status)) {
            // Its time is in the figures.
            Ok(_) | Err((Code::DeadlineExceeded | Code::Cancelled, _)) => {}
            Err((_, status)) => return Err(status.into()),
        }
    }
    Ok(took)
}

fn paced(span: Duration) -> tokio::time::Interval {
    let mut pace = interval(span);
    // A late call is late once: it does not push others into a crowd.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

fn create_simulated(block: Duration) -> pb::CreateTaskRequest {
    let number = |value| Value { kind: Some(Kind::NumberValue(value)) };
    let text = |text: &str| Value { kind: Some(Kind::StringValue(text.to_owned())) };
    let running = prost_types::ListValue { values: vec![text("RUNNING")] };
    let custom = Struct {
        fields: [
            ("block_ms".to_owned(), number(block.as_millis() as f64)),
            ("phases".to_owned(), Value { kind: Some(Kind::ListValue(running)) }),
        ]
        .into(),
    };
    pb::CreateTaskRequest {
        template: Some(Box::new(core_pb::TaskTemplate {
            r#type: "simulator".to_owned(),
            custom: Some(custom),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn get(task_type: &str, resource_meta: Bytes) -> pb::GetTaskRequest {
    pb::GetTaskRequest {
        resource_meta,
        task_category: Some(pb::TaskCategory { name: task_type.to_owned(), version: 0 }),
        ..Default::default()
    }
}

/// The table, a verdict for each promise, and whether both are kept.
fn report(label: &str, rounds: &[Round]) -> Result<(String, bool), Problem> {
    let tail = |took: Vec<Duration>| Tail::of(took).ok_or("nothing was measured");
    let all = |of: fn(&Round) -> &Vec<Duration>| rounds.iter().flat_map(of).copied().collect();
    let rows: [(&str, Vec<Duration>); 4] = [
        ("GetTask of others, nothing blocked", all(|round| &round.calm.calls)),
        ("GetTask of others, a connector blocked", all(|round| &round.blocked.calls)),
        ("health, nothing blocked", all(|round| &round.calm.checks)),
        ("health, a connector blocked", all(|round| &round.blocked.checks)),
    ];
    let mut text = String::new();
    writeln!(text, "{label:44}{:>8}{:>10}{:>10}{:>10}", "calls", "p50", "p99", "longest")?;
    for (name, took) in rows {
        let calls = took.len();
        let Tail { median, p99, max } = tail(took)?;
        let [median, p99, max] = [median, p99, max].map(millis);
        writeln!(text, "  {name:42}{calls:>8}{median:>10.2}{p99:>10.2}{max:>10.2}")?;
    }
    // Round by round, and of those the middle one: other programs disturb some of them.
    let mut moves = Vec::new();
    for Round { calm, blocked } in rounds {
        let p99 = |seen: &Seen| tail(seen.calls.clone()).map(|tail| millis(tail.p99));
        moves.push(p99(blocked)? - p99(calm)?);
    }
    moves.sort_by(f64::total_cmp);
    let moved = moves.get(moves.len() / 2).copied().unwrap_or_default();
    let quick = moved < millis(MOVES);
    writeln!(
        text,
        "  p99 of others moves by {moved:+.2} ms in the middle one of {} rounds, less than {}: {}",
        rounds.len(),
        millis(MOVES),
        verdict(quick)
    )?;
    let seen = || rounds.iter().flat_map(|Round { calm, blocked }| [calm, blocked]);
    let (missed, checks) = (
        seen().map(|seen| seen.missed).sum::<usize>(),
        seen().map(|seen| seen.checks.len()).sum::<usize>(),
    );
    writeln!(
        text,
        "  {missed} of {checks} health checks with a deadline of {PROBE:?} failed: {}\n",
        verdict(missed == 0)
    )?;
    Ok((text, quick && missed == 0))
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

fn verdict(kept: bool) -> &'static str {
    if kept { "kept" } else { "BROKEN" }
}
