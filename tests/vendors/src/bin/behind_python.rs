//! Polls of a Python connector that take one millisecond of processor time: alone under `c0`, and behind this
//! server with one worker and with two, one after the other.
//! Run by hand: `cargo build --release -p connector-server`, then
//! `cargo run --release -p vendor-tests --features bench --bin behind-python`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench::verdict;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::{GetTaskRequest, TaskCategory};
use interop_tests::peer::Server;
use interop_tests::venv::Venv;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

const CALLERS: u32 = 64;
const MEASURED: Duration = Duration::from_secs(10);
const CONNECTORS: &str = "worker_connectors";
/// How much faster two workers have to be than `c0` alone.
const FASTER: f64 = 1.5;
/// What part of `c0`'s processor time for a poll the server in front of one worker may take.
const SHARE: f64 = 0.15;

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    verdict::print(verdict::optimized(|| verdict::in_runtime(measure())))
}

/// What a server did, with its workers.
struct Polled {
    per_second: f64,
    /// Processor time of the server itself for each poll.
    server: Duration,
    /// The same of its workers.
    workers: Duration,
}

async fn measure() -> Result<(String, bool), Problem> {
    let here = std::env::current_exe()?;
    let profile = here.parent().ok_or("no folder")?;
    let target = profile.parent().ok_or("no target folder")?;
    let venv = Venv::official_sdk(target, "Python connectors behind us").ok_or("no Python SDK")?;
    let alone = polled(Server::python_with(&venv, CONNECTORS)?).await?;
    let binary = profile.join("connector-server");
    let one = behind(&binary, &venv, "1").await?;
    let two = behind(&binary, &venv, "2").await?;
    let mut text = format!("{CALLERS} callers, {MEASURED:?} each; a poll takes 1 ms of Python\n");
    for (name, polled) in [("c0 alone", &alone), ("one worker", &one), ("two workers", &two)] {
        let Polled { per_second, server, workers } = polled;
        writeln!(
            text,
            "  {name:12}{per_second:>8.0} polls/s   processor each: server {server:.2?}, workers {workers:.2?}"
        )?;
    }
    let faster = two.per_second / alone.per_second;
    let share = one.server.as_secs_f64() / alone.server.as_secs_f64();
    writeln!(text, "two workers beside c0: {faster:.2} times the polls, promised {FASTER}")?;
    writeln!(text, "the server's part with one worker: {share:.3} of c0's time, promised {SHARE}")?;
    Ok((text, faster >= FASTER && share <= SHARE))
}

async fn behind(binary: &Path, venv: &Venv, workers: &str) -> Result<Polled, Problem> {
    let variables = [("CONNECTOR_MODULES", CONNECTORS), ("CONNECTOR_PYTHON_WORKERS", workers)];
    polled(Server::before_python(binary, venv, &variables)?).await
}

async fn polled(server: Server) -> Result<Polled, Problem> {
    let channel = Endpoint::from_shared(format!("http://{}", server.address()))?.connect().await?;
    let mut polling = JoinSet::new();
    for caller in 0..CALLERS {
        again(&mut polling, &channel, caller);
    }
    let children = children(server.pid())?;
    let time_of_workers = || children.iter().map(|pid| processor_time(*pid)).sum::<Result<_, _>>();
    let (before, workers_before): (Duration, Duration) =
        (processor_time(server.pid())?, time_of_workers()?);
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < MEASURED {
        let polled = polling.join_next().await.ok_or("nobody polls")??;
        let caller =
            polled.map_err(|error| format!("{error}; it printed:\n{}", server.output()))?;
        count += 1;
        again(&mut polling, &channel, caller);
    }
    let spent = processor_time(server.pid())? - before;
    let workers = time_of_workers()? - workers_before;
    let per_second = f64::from(count) / began.elapsed().as_secs_f64();
    Ok(Polled { per_second, server: spent / count, workers: workers / count })
}

fn again(polling: &mut JoinSet<Result<u32, tonic::Status>>, channel: &Channel, caller: u32) {
    let mut client = AsyncConnectorServiceClient::new(channel.clone());
    polling.spawn(async move {
        let request = GetTaskRequest {
            resource_meta: format!("{{\"job_id\": \"work-{caller}\"}}").into(),
            task_category: Some(TaskCategory { name: "behind".to_owned(), version: 0 }),
            ..Default::default()
        };
        client.get_task(request).await?;
        Ok(caller)
    });
}

/// The processes that a process has started.
fn children(parent: u32) -> Result<Vec<u32>, Problem> {
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc")? {
        let Ok(pid) = process?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // One may end meanwhile.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if after_name(&stat).nth(1).is_some_and(|it| it == parent.to_string()) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// User and system time of a process, which Linux counts in hundredths of a second.
fn processor_time(process: u32) -> Result<Duration, Problem> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let ticks = after_name(&stat).skip(11).take(2).map(str::parse::<u32>);
    Ok(Duration::from_millis(10) * ticks.sum::<Result<u32, _>>()?)
}

/// The fields behind the name, which stands in parentheses and may hold anything.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default().split(' ')
}
