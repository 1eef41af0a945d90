//! How long a crate of many connectors takes to build again after one line changed: annotated with
//! `#[connector]`, beside the same connectors written by hand against the traits.
//! Run by hand; fails if the promise is broken. What the crates hold stands in `sources`.

mod sources;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use bench::figures::Spread;
use clap::Parser;
use sources::{Parts, Writing};

/// The promise: an annotated crate takes less than this many times as long.
const MOST: f64 = 1.5;

/// Measures incremental debug builds of a crate of connectors after a change in one line.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often to build each crate.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// How many connectors each crate holds.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..))]
    connectors: u8,
    /// Where the crates are written and built [default: `target/compile_time`].
    #[arg(long)]
    folder: Option<PathBuf>,
}

type Problem = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match measure(&Arguments::parse()) {
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

/// The report, and whether the promise is kept.
fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let Arguments { runs, connectors, .. } = *arguments;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let folder = arguments.folder.clone();
    let folder = folder.unwrap_or_else(|| workspace.join("target/compile_time"));
    let mut text = String::new();
    writeln!(
        text,
        "incremental debug build of a crate with {connectors} connectors after a change in one \
         line, {runs} builds each\n"
    )?;
    writeln!(text, "{:34}{:>10}{:>10}{:>10}", "", "min", "median", "max")?;
    let mut kept = true;
    for parts in [Parts::Dynamic, Parts::Typed] {
        let subject = |writing| Subject::new(&workspace, &folder, writing, parts, connectors);
        let (mut annotated, mut by_hand) = (subject(Writing::Annotated)?, subject(Writing::ByHand)?);
        // Each is built twice before it counts: dependencies and caches, then the first that uses them.
        for build in 0..2 {
            for subject in [&mut annotated, &mut by_hand] {
                subject.build(build)?;
            }
        }
        for build in 2..2 + runs {
            // In turn, so that a busy moment of the machine meets both.
            for subject in [&mut annotated, &mut by_hand] {
                let took = subject.build(build)?;
                subject.builds.push(took);
            }
        }
        let (annotated, by_hand) = (annotated.row(&mut text)?, by_hand.row(&mut text)?);
        let ratio = |part: fn(&Spread) -> Duration| {
            part(&annotated).as_secs_f64() / part(&by_hand).as_secs_f64()
        };
        let [min, median, max] = [ratio(|s| s.min), ratio(|s| s.median), ratio(|s| s.max)];
        writeln!(text, "{:34}{min:>10.2}{median:>10.2}{max:>10.2}\n", "ratio")?;
        kept = kept && median < MOST;
    }
    let verdict = if kept { "kept" } else { "BROKEN" };
    writeln!(text, "median less than {MOST} times as long as by hand: {verdict}")?;
    Ok((text, kept))
}

/// A crate and how long its builds took.
struct Subject {
    label: String,
    folder: PathBuf,
    target: PathBuf,
    writing: Writing,
    parts: Parts,
    builds: Vec<Duration>,
}

impl Subject {
    fn new(
        workspace: &Path,
        folder: &Path,
        writing: Writing,
        parts: Parts,
        connectors: u8,
    ) -> Result<Self, Problem> {
        let name = format!("{}_{}", parts.name(), writing.name());
        let label = format!("{}, {}", parts.label(), writing.label());
        let target = folder.join("target");
        let folder = folder.join(&name);
        sources::write(&folder, workspace, &name, writing, parts, connectors)?;
        Ok(Self { label, folder, target, writing, parts, builds: Vec::new() })
    }

    /// Changes a line and builds; answers how long the build took.
    fn build(&mut self, build: u32) -> Result<Duration, Problem> {
        sources::write_connector(&self.folder, self.writing, self.parts, 0, build)?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--offline"]).current_dir(&self.folder);
        cargo.env("CARGO_TARGET_DIR", &self.target).env("CARGO_INCREMENTAL", "1");
        cargo.env_remove("RUSTFLAGS").stdin(Stdio::null());
        let started = Instant::now();
        let built = cargo.output()?;
        let took = started.elapsed();
        if built.status.success() {
            return Ok(took);
        }
        let said = String::from_utf8_lossy(&built.stderr);
        Err(format!("{} does not build:\n{said}", self.folder.display()).into())
    }

    fn row(self, text: &mut String) -> Result<Spread, Problem> {
        let spread = Spread::of(self.builds).ok_or("nothing was measured")?;
        let [min, median, max] =
            [spread.min, spread.median, spread.max].map(|took| took.as_secs_f64() * 1e3);
        writeln!(text, "{:34}{min:>7.0} ms{median:>7.0} ms{max:>7.0} ms", self.label)?;
        Ok(spread)
    }
}
