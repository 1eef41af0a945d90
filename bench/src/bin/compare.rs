//! What a call costs a server, beside the same connector written by hand against tonic, by hand against grpc-go,
//! in Python's `c0`, and in any other server that is asked for: one run, one table.
//! Run by hand, after release builds; README.md says how. Fails if a promise is broken.
//! The load stands in `bench::load`, what Go and Python have in `bench::peers`; processes are measured through
//! `bench::process`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bench::load::{self, ALONE, Call, LOADS, Shape};
use bench::peers::Peers;
use bench::process::{SERVE, ServingProcess};
use bench::verdict;
use clap::Parser;

/// How many times the bare server's processor time each load may cost.
const PROMISES: [f64; LOADS.len()] = [0.75, 0.80, 1.00, 1.05, 1.05, 1.5, 1.5];
/// The most memory, in MiB: idle, at the end of the load, and a moment after it.
const MEMORY: [f64; 3] = [12.0, 24.0, 14.0];
/// That moment, and how long a server rests before it is called idle.
const AFTER: Duration = Duration::from_secs(3);

/// Measures the processor time of calls and memory, by turns on every server.
#[derive(Debug, Parser)]
struct Arguments {
    /// Seconds per measurement.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Rounds; the servers take turns in each, and medians count.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only the rows whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Another server to measure: a program that prints a line `gRPC http://ADDRESS`. Several times.
    #[arg(long, value_name = "LABEL=PROGRAM")]
    beside: Vec<String>,
    /// Without grpc-go and Python's `c0`, which take their turns where Go and Python are: half of the time.
    #[arg(long)]
    no_peers: bool,
}

/// A server and what was measured of it, row by row and round by round.
struct Subject {
    label: String,
    process: ServingProcess,
    rows: Vec<Vec<Figures>>,
    /// Idle, under load, after it; MiB.
    memory: [f64; 3],
}

#[derive(Clone, Copy, Default)]
struct Figures {
    per_second: f64,
    /// Server processor time per call, in microseconds.
    cost: f64,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| {
        let peers = if arguments.no_peers { Peers::default() } else { peers()? };
        verdict::in_runtime(measure(&arguments, &peers))
    }))
}

fn peers() -> Result<Peers, Problem> {
    let this_program = std::env::current_exe()?;
    // Two folders up, as this is `target/release/compare`.
    let target = this_program.ancestors().nth(2).ok_or("this program is in no target folder")?;
    Ok(Peers::made(target)?)
}

async fn measure(arguments: &Arguments, peers: &Peers) -> Result<(String, bool), Problem> {
    let this_program = std::env::current_exe()?;
    let here = |name: &str| this_program.with_file_name(name);
    let server = ServingProcess::start(&here("connector-server"), SERVE).await?;
    let bare = ServingProcess::start(&here("bare_batch_job"), [""; 0]).await?;
    let mut subjects =
        vec![Subject::new("connector-server", server), Subject::new("bare tonic", bare)];
    for other in &arguments.beside {
        let (label, program) = other.split_once('=').ok_or("--beside takes LABEL=PROGRAM")?;
        let process = ServingProcess::start(Path::new(program), SERVE).await?;
        subjects.push(Subject::new(label, process));
    }
    for (label, process) in peers.start().await? {
        subjects.push(Subject::new(label, process));
    }
    let rows = LOADS.into_iter().zip(PROMISES);
    let rows: Vec<_> = rows.filter(|((name, ..), _)| name.contains(&arguments.only)).collect();
    for subject in &mut subjects {
        subject.weigh(arguments.seconds).await?;
    }
    for _ in 0..arguments.rounds {
        for (index, ((_, call, shape), _)) in rows.iter().copied().enumerate() {
            // In turn, so that a busy moment of the machine meets all.
            for subject in &mut subjects {
                subject.measure(index, call, shape, arguments.seconds).await?;
            }
        }
    }
    Ok(report(&rows, &subjects)?)
}

impl Subject {
    fn new(label: &str, process: ServingProcess) -> Self {
        Self { label: label.to_owned(), process, rows: Vec::new(), memory: [0.0; 3] }
    }

    /// Memory at rest, under polls over 64 connections, and a moment later. First of all: what the rules
    /// remember of creates stays for an hour.
    async fn weigh(&mut self, seconds: u64) -> Result<(), Problem> {
        let length = Duration::from_secs(seconds);
        tokio::time::sleep(AFTER).await;
        let idle = mebibytes(self.process.resident_bytes()?);
        load::run(self.process.address(), Call::GetDistinct, ALONE, length).await?;
        let loaded = mebibytes(self.process.resident_bytes()?);
        tokio::time::sleep(AFTER).await;
        let after = mebibytes(self.process.resident_bytes()?);
        self.memory = [idle, loaded, after];
        Ok(())
    }

    async fn measure(
        &mut self,
        row: usize,
        call: Call,
        shape: Shape,
        seconds: u64,
    ) -> Result<(), Problem> {
        let before = self.process.processor_time()?;
        let length = Duration::from_secs(seconds);
        let answered = load::run(self.process.address(), call, shape, length).await?;
        let used = self.process.processor_time()?.saturating_sub(before);
        let calls = answered.calls.max(1) as f64;
        let figures = Figures {
            per_second: calls / answered.took.as_secs_f64(),
            cost: used.as_secs_f64() * 1e6 / calls,
        };
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        if let Some(row) = self.rows.get_mut(row) {
            row.push(figures);
        }
        Ok(())
    }

    fn row(&self, row: usize) -> &[Figures] {
        self.rows.get(row).map_or(&[], Vec::as_slice)
    }
}

/// The table, a verdict for each promise, and whether all are kept.
fn report(
    rows: &[((&str, Call, Shape), f64)],
    subjects: &[Subject],
) -> Result<(String, bool), std::fmt::Error> {
    let mut text = String::new();
    let mut kept = true;
    let [server, bare, ..] = subjects else { return Ok((text, false)) };
    for (index, ((name, _, shape), most)) in rows.iter().copied().enumerate() {
        let beside_bare = |subject: &Subject| {
            let both = subject.row(index).iter().zip(bare.row(index));
            median(both.map(|(it, bare)| it.cost / bare.cost))
        };
        writeln!(text, "{name}")?;
        for subject in subjects {
            let cost = median(subject.row(index).iter().map(|it| it.cost));
            let per_second = median(subject.row(index).iter().map(|it| it.per_second));
            let ratio = beside_bare(subject);
            let label = &subject.label;
            writeln!(text, "  {label:18}{cost:>10.1} µs a call{ratio:>8.2}{per_second:>10.0} a s")?;
        }
        let ratio = beside_bare(server);
        kept &= ratio <= most;
        let what = if matches!(shape, Shape::Paced(_)) { "time a second" } else { "cost" };
        writeln!(text, "  {what} beside bare {ratio:.2}, at most {most}: {}", told(ratio <= most))?;
    }
    writeln!(text, "\nMiB{:>25}{:>8}{:>8}", "idle", "loaded", "after")?;
    for subject in subjects {
        let [idle, loaded, after] = subject.memory;
        writeln!(text, "  {:18}{idle:>8.1}{loaded:>8.1}{after:>8.1}", subject.label)?;
    }
    let fits = server.memory.iter().zip(MEMORY).all(|(is, most)| *is <= most);
    writeln!(text, "  at most {MEMORY:?}: {}", told(fits))?;
    Ok((text, kept && fits))
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn told(kept: bool) -> &'static str {
    if kept { "kept" } else { "BROKEN" }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
