//! How fast a server starts and how much memory it takes when idle, beside a bare tonic server.
//! Run by hand and by CI, after release builds; README.md says how.
//! Fails if a promise is broken. How a server is started and asked stands in `bench::process`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bench::figures::Spread;
use bench::process::{MeasureError, SERVE, ServingProcess};
use bench::verdict;
use clap::Parser;

/// The promises.
const START: Duration = Duration::from_millis(25);
const IDLE_BYTES: u64 = 12 * 1024 * 1024;

/// How long a server is left alone before it is weighed.
const REST: Duration = Duration::from_secs(1);

/// Measures process start to the first health answer SERVING, and memory when idle.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often to start each server.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The server to measure [default: `connector-server` beside this program].
    #[arg(long)]
    server: Option<PathBuf>,
}

/// A server and what was measured of it.
struct Subject {
    label: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    starts: Vec<Duration>,
    idle_bytes: u64,
}

/// The same, ready to print.
struct Row {
    label: &'static str,
    start: Spread,
    idle_bytes: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| measure(&arguments)))
}

type Problem = Box<dyn std::error::Error>;

/// The report, and whether every promise is kept.
fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let this_program = std::env::current_exe()?;
    let beside = |name: &str| this_program.with_file_name(name);
    let mut server = Subject::new(
        "connector-server",
        arguments.server.clone().unwrap_or_else(|| beside("connector-server")),
        &SERVE,
    );
    let mut bare = Subject::new("bare tonic", beside("bare_server"), &[]);
    // One thread: the client must not compete with the server for more than it needs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The first start of each fills caches of this program and of the system; it is not counted.
        for subject in [&mut server, &mut bare] {
            subject.weigh().await?;
        }
        // In turn, so that a busy moment of the machine meets both.
        for _ in 0..arguments.runs {
            server.start().await?;
            bare.start().await?;
        }
        Ok::<_, MeasureError>(())
    })?;
    let (server, bare) = (server.row()?, bare.row()?);
    Ok(report(arguments.runs, &server, &bare)?)
}

impl Subject {
    fn new(label: &'static str, program: PathBuf, arguments: &'static [&'static str]) -> Self {
        Self { label, program, arguments, starts: Vec::new(), idle_bytes: 0 }
    }

    async fn serving(&self) -> Result<ServingProcess, MeasureError> {
        ServingProcess::start(Path::new(&self.program), self.arguments).await
    }

    async fn start(&mut self) -> Result<(), MeasureError> {
        let process = self.serving().await?;
        self.starts.push(process.took());
        process.end().await
    }

    async fn weigh(&mut self) -> Result<(), MeasureError> {
        let process = self.serving().await?;
        tokio::time::sleep(REST).await;
        self.idle_bytes = process.resident_bytes()?;
        process.end().await
    }

    fn row(self) -> Result<Row, Problem> {
        let start = Spread::of(self.starts).ok_or("nothing was measured")?;
        Ok(Row { label: self.label, start, idle_bytes: self.idle_bytes })
    }
}

/// The table, a verdict for each promise, and whether all are kept.
fn report(runs: u32, server: &Row, bare: &Row) -> Result<(String, bool), std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "process start to health SERVING, {runs} starts each, and idle resident memory\n"
    )?;
    writeln!(text, "{:18}{:>10}{:>10}{:>10}{:>12}", "", "min", "median", "max", "memory")?;
    for row in [server, bare] {
        let Spread { min, median, max } = row.start;
        let [min, median, max] = [min, median, max].map(|start| start.as_secs_f64() * 1e3);
        let memory = mebibytes(row.idle_bytes);
        writeln!(
            text,
            "{:18}{min:>7.1} ms{median:>7.1} ms{max:>7.1} ms{memory:>8.1} MiB",
            row.label
        )?;
    }
    let ratio = |part: fn(&Spread) -> Duration| {
        part(&server.start).as_secs_f64() / part(&bare.start).as_secs_f64()
    };
    let [min, median, max] = [ratio(|s| s.min), ratio(|s| s.median), ratio(|s| s.max)];
    let memory = mebibytes(server.idle_bytes) / mebibytes(bare.idle_bytes);
    writeln!(text, "{:18}{min:>10.2}{median:>10.2}{max:>10.2}{memory:>12.2}\n", "ratio")?;

    let starts = server.start.median <= START;
    let rests = server.idle_bytes <= IDLE_BYTES;
    writeln!(text, "median start at most {} ms: {}", START.as_millis(), verdict(starts))?;
    writeln!(text, "idle memory at most {} MiB: {}", mebibytes(IDLE_BYTES), verdict(rests))?;
    Ok((text, starts && rests))
}

fn verdict(kept: bool) -> &'static str {
    if kept { "kept" } else { "BROKEN" }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
