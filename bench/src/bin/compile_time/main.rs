//! How long a crate of many connectors takes to build again after one line changed: annotated with
//! `#[connector]`, beside the same connectors written by hand against the traits.
//! Run by hand; fails if the promise is broken. What the crates hold stands in `sources`.

mod sources;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use bench::figures::Spread;
use bench::verdict;
use clap::Parser;
use sources::{Parts, Writing};

/// The promise: an annotated crate takes less than this many times as long.
const MOST: f64 = 1.5;

/// Measures debug builds of a crate of connectors: the whole crate, and after a change in one line.
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
    verdict::print(measure(&Arguments::parse()))
}

/// The report, and whether the promise is kept.
fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let Arguments { runs, connectors, .. } = *arguments;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let folder = arguments.folder.clone();
    let folder = folder.unwrap_or_else(|| workspace.join("target/compile_time"));
    let mut text = String::new();
    writeln!(text, "debug build of a crate with {connectors} connectors, {runs} builds each\n")?;
    writeln!(text, "{:44}{:>10}{:>10}{:>10}", "", "min", "median", "max")?;
    let mut kept = true;
    for parts in [Parts::Dynamic, Parts::Typed] {
        let subject = |writing| Subject::new(&workspace, &folder, writing, parts, connectors);
        let mut subjects = [subject(Writing::Annotated)?, subject(Writing::ByHand)?];
        for subject in &mut subjects {
            // Dependencies, which are not measured.
            subject.change_and_build()?;
        }
        for _ in 0..runs {
            // In turn, so that a busy moment of the machine meets both.
            for subject in &mut subjects {
                subject.run()?;
            }
        }
        let [annotated, by_hand] = subjects;
        let what = parts.label();
        report(&mut text, &format!("{what}, whole crate"), annotated.whole, by_hand.whole)?;
        let what = format!("{what}, one line changed");
        let ratio = report(&mut text, &what, annotated.changed, by_hand.changed)?;
        kept = kept && ratio < MOST;
    }
    let verdict = if kept { "kept" } else { "BROKEN" };
    writeln!(
        text,
        "after one changed line, median less than {MOST} times as long as by hand: {verdict}"
    )?;
    Ok((text, kept))
}

/// Two rows and their ratio; answers the ratio of the medians.
fn report(
    text: &mut String,
    what: &str,
    annotated: Vec<Duration>,
    by_hand: Vec<Duration>,
) -> Result<f64, Problem> {
    let annotated = Spread::of(annotated).ok_or("nothing was measured")?;
    let by_hand = Spread::of(by_hand).ok_or("nothing was measured")?;
    let rows = [(Writing::Annotated, annotated), (Writing::ByHand, by_hand)];
    for (writing, Spread { min, median, max }) in rows {
        let [min, median, max] = [min, median, max].map(|took| took.as_secs_f64() * 1e3);
        let label = format!("{what}, {}", writing.label());
        writeln!(text, "{label:44}{min:>7.0} ms{median:>7.0} ms{max:>7.0} ms")?;
    }
    let ratio = |part: fn(&Spread) -> Duration| {
        part(&annotated).as_secs_f64() / part(&by_hand).as_secs_f64()
    };
    let [min, median, max] = [ratio(|s| s.min), ratio(|s| s.median), ratio(|s| s.max)];
    writeln!(text, "{:44}{min:>10.2}{median:>10.2}{max:>10.2}\n", "ratio")?;
    Ok(median)
}

/// A crate and how long its builds took.
struct Subject {
    name: String,
    folder: PathBuf,
    target: PathBuf,
    writing: Writing,
    parts: Parts,
    edition: u32,
    whole: Vec<Duration>,
    changed: Vec<Duration>,
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
        let target = folder.join("target");
        let folder = folder.join(&name);
        sources::write(&folder, workspace, &name, writing, parts, connectors)?;
        let (whole, changed) = (Vec::new(), Vec::new());
        Ok(Self { name, folder, target, writing, parts, edition: 0, whole, changed })
    }

    /// One build of each kind.
    fn run(&mut self) -> Result<(), Problem> {
        self.cargo(&["clean", "--package", &self.name])?;
        let whole = self.change_and_build()?;
        self.whole.push(whole);
        let changed = self.change_and_build()?;
        self.changed.push(changed);
        Ok(())
    }

    /// Changes a line in one connector and builds the crate.
    fn change_and_build(&mut self) -> Result<Duration, Problem> {
        self.edition += 1;
        sources::write_connector(&self.folder, self.writing, self.parts, 0, self.edition)?;
        self.cargo(&["build"])
    }

    /// Runs cargo; answers how long it took.
    fn cargo(&self, arguments: &[&str]) -> Result<Duration, Problem> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(arguments).args(["--quiet", "--offline"]).current_dir(&self.folder);
        cargo.env("CARGO_TARGET_DIR", &self.target).env("CARGO_INCREMENTAL", "1");
        cargo.env_remove("RUSTFLAGS").stdin(Stdio::null());
        let started = Instant::now();
        let ran = cargo.output()?;
        let took = started.elapsed();
        if ran.status.success() {
            return Ok(took);
        }
        let said = String::from_utf8_lossy(&ran.stderr);
        Err(format!("cargo {} in {}:\n{said}", arguments.join(" "), self.folder.display()).into())
    }
}
