//! What a connector that blocks its threads does to the others: their latency, and the health check.
//! Run by hand, after release builds; README.md says how. Fails if a promise is broken.
//! The load is gentle on purpose: a full server would show its queue and not the connector.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bench::figures::Tail;
use bench::process::ServingProcess;
use bytes::Bytes;
use clap::Parser;
use connector_core::pb as core_pb;
use connector_server::pb;
use connector_server::pb::async_connector_service_client::AsyncConnectorServiceClient;
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
    /// Seconds per measurement.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Rounds; each measures without and with the connector that blocks.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Measure a server as well that runs connectors on its own threads: what is promised is then
    /// what it breaks.
    #[arg(long)]
    contrast: bool,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;
type Tasks = AsyncConnectorServiceClient<Channel>;

/// What was seen of one server without, or with, the connector that blocks.
#[derive(Default)]
struct Seen {
    calls: Vec<Duration>,
    checks: Vec<Duration>,
    /// Checks that were not answered in time.
    missed: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let measured = if cfg!(debug_assertions) {
        Err("a debug build says nothing about speed; run with --release".into())
    } else {
        tokio::runtime::Runtime::new()
            .map_err(Problem::from)
            .and_then(|runtime| runtime.block_on(measure(&arguments)))
    };
    match measured {
        Ok((report, kept)) => {
            let printed = std::io::stdout().write_all(report.as_bytes());
            if kept && printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => {
            writeln!(std::io::stderr(), "error: {problem}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let program = std::env::current_exe()?.with_file_name("connector-server");
    let server = start(&program, &[]).await?;
    let (calm, blocked) = both(&server, arguments).await?;
    server.end().await?;
    let (mut text, kept) = report("connector-server", &calm, &blocked)?;
    if arguments.contrast {
        let server = start(&program, &["CONNECTOR_POLICY__ISOLATION=shared"]).await?;
        let (calm, blocked) = both(&server, arguments).await?;
        server.end().await?;
        text.push_str(&report("on the server's own threads", &calm, &blocked)?.0);
    }
    Ok((text, kept))
}

async fn start(program: &Path, variables: &[&str]) -> Result<ServingProcess, Problem> {
    let serve = ["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"];
    let program = program.display().to_string();
    let arguments = variables.iter().copied().chain([program.as_str()]).chain(serve);
    Ok(ServingProcess::start(&PathBuf::from("/usr/bin/env"), arguments).await?)
}

/// Without and with the connector that blocks, by turns.
async fn both(server: &ServingProcess, arguments: &Arguments) -> Result<(Seen, Seen), Problem> {
    let endpoint = Endpoint::from_shared(server.address().to_owned())?.tcp_nodelay(true);
    let (mut calm, mut blocked) = (Seen::default(), Seen::default());
    for _ in 0..arguments.rounds {
        calm.watch(&endpoint, arguments).await?;
        // All are made before the first one blocks: it holds up what else the connector does.
        let mut jobs = Vec::new();
        for _ in 0..arguments.blocked {
            let mut tasks = AsyncConnectorServiceClient::new(endpoint.connect().await?);
            let created = tasks.create_task(create_blocking()).await?;
            jobs.push((tasks, created.into_inner().resource_meta));
        }
        let mut blocking = JoinSet::new();
        for (tasks, job) in jobs {
            blocking.spawn(block(tasks, job));
        }
        // Every connection has sent its poll by then, and none has an answer.
        sleep(BLOCK / 8).await;
        blocked.watch(&endpoint, arguments).await?;
        if let Some(ended) = blocking.try_join_next() {
            return Err(format!("a connection that should block ended: {ended:?}").into());
        }
        blocking.shutdown().await;
        // Threads that still block belong to this measurement and not to the next one.
        sleep(BLOCK + BLOCK / 4).await;
    }
    Ok((calm, blocked))
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
    async fn watch(&mut self, endpoint: &Endpoint, arguments: &Arguments) -> Result<(), Problem> {
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
                self.missed += 1;
            }
            self.checks.push(asked.elapsed());
        }
        over.store(true, Ordering::Relaxed);
        while let Some(called) = callers.join_next().await {
            self.calls.extend(called??);
        }
        Ok(())
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

fn create_blocking() -> pb::CreateTaskRequest {
    let number = |value| Value { kind: Some(Kind::NumberValue(value)) };
    let text = |text: &str| Value { kind: Some(Kind::StringValue(text.to_owned())) };
    let running = prost_types::ListValue { values: vec![text("RUNNING")] };
    let custom = Struct {
        fields: [
            ("block_ms".to_owned(), number(BLOCK.as_millis() as f64)),
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
fn report(label: &str, calm: &Seen, blocked: &Seen) -> Result<(String, bool), Problem> {
    let tail = |took: &[Duration]| Tail::of(took.to_vec()).ok_or("nothing was measured");
    let mut text = String::new();
    writeln!(text, "{label:44}{:>8}{:>10}{:>10}{:>10}", "calls", "p50", "p99", "longest")?;
    let rows = [
        ("GetTask of others, nothing blocked", &calm.calls),
        ("GetTask of others, a connector blocked", &blocked.calls),
        ("health, nothing blocked", &calm.checks),
        ("health, a connector blocked", &blocked.checks),
    ];
    for (name, took) in rows {
        let Tail { median, p99, max } = tail(took)?;
        let [median, p99, max] = [median, p99, max].map(millis);
        writeln!(text, "  {name:42}{:>8}{median:>10.2}{p99:>10.2}{max:>10.2}", took.len())?;
    }
    let (before, after) = (tail(&calm.calls)?.p99, tail(&blocked.calls)?.p99);
    let quick = after < before + MOVES;
    let moved = millis(after) - millis(before);
    writeln!(
        text,
        "  p99 of others moves by {moved:+.2} ms ({:.2} times), less than {}: {}",
        millis(after) / millis(before),
        millis(MOVES),
        verdict(quick)
    )?;
    let missed = calm.missed + blocked.missed;
    let checks = calm.checks.len() + blocked.checks.len();
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
