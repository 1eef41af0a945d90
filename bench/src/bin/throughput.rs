//! How many calls a server answers and what each costs it, beside a bare tonic server and Python.
//! Run by hand, after release builds; README.md says how. Fails if a promise is broken.
//! The load stands in `bench::load`; processes are measured through `bench::process`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bench::load::{self, Call};
use bench::process::ServingProcess;
use bench::verdict;
use clap::Parser;

/// The promises.
const COST: f64 = 1.15;
const LOADED_BYTES: u64 = 40 * 1024 * 1024;
const GETS: f64 = 30.0;
const CREATES: f64 = 20.0;

/// Measures answered calls per second, server processor time per call, and memory under load.
#[derive(Debug, Parser)]
struct Arguments {
    /// Connections, each with one call at a time.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds per measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds; the servers take turns in each, and the best of each server counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// A Python environment with the official SDK, to measure its `c0` as well.
    #[arg(long, requires = "modules")]
    python: Option<PathBuf>,
    /// The folder and module of Python's `batch_job`, as `FOLDER/MODULE`.
    #[arg(long)]
    modules: Option<PathBuf>,
}

const CALLS: [(&str, Call); 3] = [
    ("GetTask", Call::Get),
    ("GetTask, distinct", Call::GetDistinct),
    ("CreateTask", Call::Create),
];

/// A server and the best that was measured of it, call by call.
struct Subject {
    label: &'static str,
    process: ServingProcess,
    best: [Figures; CALLS.len()],
    loaded_bytes: u64,
}

#[derive(Clone, Copy, Default)]
struct Figures {
    per_second: f64,
    /// Server processor time per call, in microseconds; 0 means not measured yet.
    cost: f64,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| verdict::in_runtime(measure(&arguments))))
}

async fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let this_program = std::env::current_exe()?;
    let beside = |name: &str| this_program.with_file_name(name);
    let serve = ["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"];
    let mut subjects = vec![
        Subject::new(
            "connector-server",
            ServingProcess::start(&beside("connector-server"), serve).await?,
        ),
        Subject::new(
            "bare tonic",
            ServingProcess::start(&beside("bare_batch_job"), [""; 0]).await?,
        ),
    ];
    if let Some((environment, module)) = arguments.python.as_ref().zip(arguments.modules.as_ref()) {
        subjects.push(Subject::new("Python c0", python(environment, module).await?));
    }
    for _ in 0..arguments.rounds {
        for index in 0..CALLS.len() {
            // In turn, so that a busy moment of the machine meets all.
            for subject in &mut subjects {
                subject.measure(index, arguments).await?;
            }
        }
    }
    Ok(report(&subjects)?)
}

async fn python(environment: &Path, module: &Path) -> Result<ServingProcess, Problem> {
    // Python does not say which port it took, so one that is free now is chosen for it.
    let free = || std::net::TcpListener::bind("127.0.0.1:0")?.local_addr();
    let (grpc, metrics) = (free()?, free()?);
    let name = module.file_stem().unwrap_or_default();
    let folder = module.parent().unwrap_or(Path::new("."));
    let program = Path::new("/usr/bin/env");
    let arguments = [
        format!("PYTHONPATH={}", folder.display()),
        environment.join("bin/c0").display().to_string(),
        format!("--port={}", grpc.port()),
        format!("--prometheus_port={}", metrics.port()),
        format!("--modules={}", name.display()),
    ];
    Ok(ServingProcess::start_at(program, arguments, Some(format!("http://{grpc}"))).await?)
}

impl Subject {
    fn new(label: &'static str, process: ServingProcess) -> Self {
        Self { label, process, best: Default::default(), loaded_bytes: 0 }
    }

    async fn measure(&mut self, index: usize, arguments: &Arguments) -> Result<(), Problem> {
        let Some(((_, call), best)) = CALLS.get(index).zip(self.best.get_mut(index)) else {
            return Ok(());
        };
        let length = Duration::from_secs(arguments.seconds);
        let before = self.process.processor_time()?;
        let answered =
            load::run(self.process.address(), *call, arguments.connections, length).await?;
        let used = self.process.processor_time()?.saturating_sub(before);
        let calls = answered.calls.max(1) as f64;
        let cost = used.as_secs_f64() * 1e6 / calls;
        best.per_second = best.per_second.max(calls / answered.took.as_secs_f64());
        best.cost = if best.cost == 0.0 { cost } else { best.cost.min(cost) };
        self.loaded_bytes = self.loaded_bytes.max(self.process.resident_bytes()?);
        Ok(())
    }
}

/// The table, a verdict for each promise, and whether all are kept.
fn report(subjects: &[Subject]) -> Result<(String, bool), std::fmt::Error> {
    let mut text = String::new();
    let mut kept = true;
    let [server, bare, ..] = subjects else { return Ok((text, false)) };
    let python = subjects.get(2);
    for (index, (name, _)) in CALLS.iter().enumerate() {
        writeln!(text, "{name:20}{:>14}{:>22}", "calls/s", "server time per call")?;
        for subject in subjects {
            let Figures { per_second, cost } = subject.figures(index);
            writeln!(text, "  {:18}{per_second:>14.0}{cost:>19.1} µs", subject.label)?;
        }
        let cost = server.figures(index).cost / bare.figures(index).cost;
        kept &= cost <= COST;
        writeln!(
            text,
            "  cost beside bare tonic {cost:.2}, at most {COST}: {}",
            verdict(cost <= COST)
        )?;
        if let Some(python) = python {
            let ratio = server.figures(index).per_second / python.figures(index).per_second;
            let promise = if *name == "CreateTask" { CREATES } else { GETS };
            kept &= ratio >= promise;
            writeln!(
                text,
                "  {ratio:.0} times Python, at least {promise}: {}",
                verdict(ratio >= promise)
            )?;
        }
        writeln!(text)?;
    }
    for subject in subjects {
        writeln!(
            text,
            "{:20}{:>10.1} MiB under load",
            subject.label,
            mebibytes(subject.loaded_bytes)
        )?;
    }
    let rests = server.loaded_bytes <= LOADED_BYTES;
    writeln!(text, "at most {} MiB: {}", mebibytes(LOADED_BYTES), verdict(rests))?;
    Ok((text, kept && rests))
}

impl Subject {
    fn figures(&self, index: usize) -> Figures {
        self.best.get(index).copied().unwrap_or_default()
    }
}

fn verdict(kept: bool) -> &'static str {
    if kept { "kept" } else { "BROKEN" }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
