//! Storms over connectors of real vendors: the fake of the vendor, as `tests/vendors` has it, in weather
//! that spares no call, and servers that come and go.
//! A vendor is one module: [`Stormy`] for its fake.

mod bigquery;
mod planted;
mod snowflake;
mod weather;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use connector_testing::{End, FakeExecutor, Report, Task, TaskRecord, VendorJob};
use fastrand::Rng;
use futures_util::{StreamExt as _, stream};
use tokio::process::Command;
use tokio::sync::watch;
use vendor_tests::fake::{Answer, Call, Fake, Vendor};

use crate::outcome::Lives;
use crate::plan::trouble;
use crate::server::{Launcher, Server};
use crate::storm::{ServerEnds, Storm};
use crate::vendor::Snapshot;
use weather::Weather;

pub use planted::abandoned;

/// A vendor that a storm can be about.
pub trait Stormy: Vendor + Default {
    /// The variable with which the server finds it.
    const ENDPOINT: &'static str;

    /// What it says to that call when it has too much to do, in all its ways.
    fn refusals(call: &Call) -> Vec<Answer>;

    /// A task of a run for that vendor at `url`; it ends well after `looks` good looks. The run's name
    /// reaches the vendor with it.
    fn task(url: &str, run: &str) -> Task;

    /// Jobs end after so many looks.
    fn end_after(&mut self, looks: u32);

    /// What a task says whose job somebody has cancelled.
    const CANCELLED: &'static str;

    /// Every job, as the judge sees it.
    fn seen(&self) -> Vec<VendorJob>;

    /// Whether a call makes a job.
    fn creates(call: &Call) -> bool;

    /// What a call is about; of three calls about one thing one works.
    fn subject(call: &Call) -> String {
        format!("{} {}", call.method, call.path)
    }

    /// Settings of the server, beside those that every storm has.
    fn settings() -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Jobs of one attempt that the vendor takes for two, by what it documents: how many there are.
    fn known_twice(&self) -> usize {
        0
    }
}

/// What is left of a storm.
#[derive(Debug)]
pub struct Weathered {
    /// What the server is to answer for.
    pub report: Report,
    /// Tasks that were not aborted and did not end well, in words.
    pub wrong_ends: Vec<String>,
    /// Tasks whose job was cancelled by one server when another one had it already: what the first gave
    /// up as it ended, only a store that both read could have told it.
    pub cancelled_between: usize,
    /// Attempts with two jobs, which the vendor could not have known for one.
    pub known_twice: usize,
    /// The servers.
    pub lives: Lives,
    told: String,
}

impl fmt::Display for Weathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, wrong_ends, cancelled_between, known_twice, lives, told } = self;
        let (ended, killed) = (lives.terminated.len(), lives.killed.len());
        writeln!(f, "{told}; {ended} servers terminated, {killed} killed\n{report}")?;
        write!(
            f,
            "{} wrong ends, {cancelled_between} cancelled between two servers, {known_twice} of an \
             attempt that two servers submitted at once",
            wrong_ends.len()
        )?;
        wrong_ends.iter().take(5).try_for_each(|end| write!(f, "\n  {end}"))
    }
}

struct VendorServer {
    binary: PathBuf,
    settings: Vec<(String, String)>,
    endpoint: &'static str,
    of_vendor: Vec<(&'static str, &'static str)>,
}

impl Launcher for VendorServer {
    fn command(&self, vendor: SocketAddr) -> (Command, Option<SocketAddr>) {
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"])
            .env(self.endpoint, format!("http://{vendor}"))
            // The connector `chaos` is in the binary as well, and asks for one.
            .env("CONNECTOR__CHAOS__VENDOR", vendor.to_string())
            .env("RUST_BACKTRACE", "0")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .envs(self.of_vendor.iter().copied())
            // The client's waits between two tries are those of life, not those of the storm.
            .env("CONNECTOR_POLICY__CREATE_LIMIT", "20s")
            .env("CONNECTOR_GRACE_SECONDS", "25");
        (command, None)
    }
}

/// Runs the storm over the connector of that vendor in `binary`.
///
/// # Panics
/// A server does not start or does not end in time.
pub async fn weather<V: Stormy>(storm: Storm, binary: PathBuf) -> Weathered {
    let Storm { seed, jobs, at_once, length, pace, ends, .. } = storm;
    let started = Instant::now();
    let mut vendor = V::default();
    vendor.end_after(3);
    let fake = Fake::open(Weather::new(vendor, seed, pace.deadline));
    let url = fake.url();
    let address = url.trim_start_matches("http://").parse().expect("an address");
    let launcher = VendorServer {
        binary,
        settings: pace.server_settings(),
        endpoint: V::ENDPOINT,
        of_vendor: V::settings(),
    };
    let first = Server::start(&launcher, address).await;
    let executor =
        FakeExecutor::builder(first.channel.clone()).rules(pace.rules()).seed(seed).build();
    let (finished, over) = watch::channel(false);
    let rules = Arc::new(executor.clone());
    let tasks = async {
        let tasks = stream::iter(0..jobs)
            .take_while(|_| std::future::ready(started.elapsed() < length))
            .map(|number| {
                let run = format!("storm-{seed}-{number}");
                let mut luck = Rng::with_seed(seed ^ (u64::from(number) << 20));
                luck.u64(..);
                let (task, trouble) = (V::task(&url, &run), trouble(&mut luck, &pace));
                let executor = Arc::clone(&rules);
                async move { executor.run_as(&run, &task, &trouble).await }
            });
        let records: Vec<_> = tasks.buffer_unordered(at_once).collect().await;
        finished.send(true).expect("the servers wait for it");
        records
    };
    let (records, lives) =
        tokio::join!(tasks, storm.servers(&launcher, address, &executor, first, over));
    let (seen, known_twice) = {
        let weather = fake.vendor();
        (weather.vendor.seen(), weather.vendor.known_twice())
    };
    let report = executor.report_with(&Snapshot(seen)).await;
    let wrong = records
        .iter()
        .filter(|record| !matches!(record.end, End::Succeeded { outputs: Some(_) } | End::Aborted));
    let (between, wrong): (Vec<_>, Vec<_>) = wrong.partition(|record| {
        let cancelled =
            matches!(&record.end, End::Failed { message, .. } if message.contains(V::CANCELLED));
        cancelled && ends != ServerEnds::Never
    });
    let told = |record: &TaskRecord| format!("{}: {:?}", record.run, record.end);
    let (cancelled_between, wrong_ends) = (between.len(), wrong.into_iter().map(told).collect());
    let orphans = records.iter().filter(|record| {
        report.orphaned.iter().any(|orphan| orphan.seen.contains(&format!("{},", record.run)))
    });
    let stories: String = orphans.map(|record| format!("\n  {record:?}")).collect();
    let took = started.elapsed();
    let told = format!(
        "CHAOS_SEED={seed}, {} tasks in {took:.1?}, servers {ends:?}{stories}",
        records.len()
    );
    Weathered { report, wrong_ends, cancelled_between, known_twice, lives, told }
}
