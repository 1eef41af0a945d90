//! How many calls an outside system gets when many jobs are polled more often than it wants.
//! Run by hand, in any build: it counts calls on paused time and measures no speed.
//! Fails if a promise is broken.

use std::fmt::Write as _;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bench::verdict;
use clap::Parser;
use connector_core::Registry;
use connector_core::prelude::*;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::{InProcess, Server, pb};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tonic::transport::Channel;

/// Counts the calls of an outside system while jobs are polled for a while.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// Jobs that are polled.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,
    /// Seconds between two polls of a job.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// The connector's `poll_interval` in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    interval: u32,
    /// The connector's `batch_size`, for the rows with batches.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..))]
    batch: u32,
    /// Minutes that count, after a first interval that does not: there every job is new.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
}

/// An outside system where every job runs.
#[connector(task_type = "counted", name = "Counted")]
#[derive(Debug, Default, Clone)]
struct Counted {
    calls: Arc<AtomicU64>,
}

impl AsyncConnector for Counted {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("c"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Resource::running())
    }

    async fn get_many(&self, jobs: &[(JobId, TaskContext<Self>)]) -> Vec<Result<Resource>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        jobs.iter().map(|_| Ok(Resource::running())).collect()
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// When the polls of a round come.
#[derive(Debug, Clone, Copy)]
enum Coming {
    /// All at one moment.
    Together,
    /// Evenly over the time between two polls.
    Spread,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    verdict::print(measure(&Arguments::parse()))
}

/// The table, a verdict for each promise, and whether all are kept.
fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let Arguments { jobs, every, interval, batch, minutes } = *arguments;
    let mut text = format!(
        "{jobs} jobs, each polled every {every} s for {minutes} min; the connector asks every \
         {interval} s\n{:34}{:>8}{:>8}{:>14}{:>9}{:>10}\n",
        "", "at first", "polls", "vendor calls", "ratio", "promised"
    );
    let mut kept = true;
    // The promise of an interval is that of the polls that fall into it.
    let plain = f64::from(every) / f64::from(interval);
    for (name, size, promised) in
        [("one by one", 1, plain), ("in batches", batch, 1.0 / f64::from(batch))]
    {
        for coming in [Coming::Together, Coming::Spread] {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().start_paused(true).build()?;
            let Counts { first, polls, calls } =
                runtime.block_on(count(arguments, size, coming))?;
            let ratio = calls as f64 / polls as f64;
            kept &= ratio <= promised;
            let verdict = if ratio <= promised { "kept" } else { "BROKEN" };
            let name = format!("{name}, polls {coming:?}").to_lowercase();
            writeln!(
                text,
                "  {name:32}{first:>8}{polls:>8}{calls:>14}{ratio:>9.4}{promised:>10.4} {verdict}"
            )?;
        }
    }
    Ok((text, kept))
}

/// What one run counted.
struct Counts {
    /// Calls of the first interval, in which every job is new and asked about at once.
    first: u64,
    /// Polls after it.
    polls: u64,
    /// Calls after it.
    calls: u64,
}

async fn count(arguments: &Arguments, batch: u32, coming: Coming) -> Result<Counts, Problem> {
    let Arguments { jobs, every, interval, minutes, .. } = *arguments;
    let policy = [
        ("CONNECTOR_POLICY__POLL_INTERVAL".to_owned(), format!("{interval}s")),
        ("CONNECTOR_POLICY__BATCH_SIZE".to_owned(), batch.to_string()),
    ];
    let counted = Counted::default();
    let registry = Registry::builder().variables(policy).register(counted.clone()).build().await?;
    // Over memory: on paused time nothing may wait for the system.
    let server = Server::builder().registry(registry).without_isolation().build();
    let server = InProcess::serve(server);

    let seconds = |count: u32| Duration::from_secs(count.into());
    let began = Instant::now();
    let counting = began + seconds(interval);
    let end = counting + seconds(60) * minutes;
    let every = seconds(every);
    let mut polling = JoinSet::new();
    for job in 0..jobs {
        let first = match coming {
            Coming::Together => began,
            Coming::Spread => began + every * job / jobs,
        };
        polling.spawn(poll(server.channel(), job, first, every, counting..end));
    }
    // Just before the first poll that counts.
    sleep_until(counting - Duration::from_millis(1)).await;
    let first = counted.calls.load(Ordering::Relaxed);
    let mut polls = 0;
    while let Some(polled) = polling.join_next().await {
        polls += polled??;
    }
    server.stop().await?;
    Ok(Counts { first, polls, calls: counted.calls.load(Ordering::Relaxed) - first })
}

/// Polls one job until the end; answers how often that was in the time that counts.
async fn poll(
    channel: Channel,
    job: u32,
    first: Instant,
    every: Duration,
    counting: Range<Instant>,
) -> Result<u64, Problem> {
    let mut tasks = AsyncConnectorServiceClient::new(channel);
    let (mut polls, mut next) = (0, first);
    while next < counting.end {
        sleep_until(next).await;
        let request = pb::GetTaskRequest {
            resource_meta: format!("{{\"job_id\": \"c-{job}\"}}").into(),
            task_category: Some(pb::TaskCategory { name: "counted".to_owned(), version: 0 }),
            ..Default::default()
        };
        tasks.get_task(request).await?;
        polls += u64::from(counting.contains(&next));
        next += every;
    }
    Ok(polls)
}
