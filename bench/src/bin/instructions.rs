//! How many instructions a call costs the shipped server, and the same connector written by hand against tonic:
//! counted by valgrind's callgrind, so the figures are those of every machine, however busy.
//! CI runs it after the release build. It fails if a count of the server is above the one in `instructions.json`,
//! beside this crate's manifest, and the bare one has not moved with it; `--bless` writes that file. README.md says
//! what to do when a count moved.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bench::load::Call;
use bench::process::{SERVE, ServingProcess};
use bench::{rounds, verdict};
use clap::Parser;
use serde::{Deserialize, Serialize};

/// What is counted, and how many calls are under way at a time, on one connection.
const ROWS: [(&str, Call, usize); 5] = [
    ("GetTask", Call::Get, 16),
    ("GetTask, every job distinct", Call::GetDistinct, 16),
    ("GetTask, one at a time", Call::Get, 1),
    ("CreateTask", Call::Create, 16),
    ("CreateTask, every attempt distinct", Call::CreateDistinct, 16),
];
/// Calls that come before those that count.
const WARM_UP: usize = 1_024;
/// Calls that count.
const COUNTED: usize = 4_096;
/// When a connector has shown that it never holds a thread, its calls take a shorter way. What was shown is a matter of
/// time, and under valgrind that passes fifty times as slowly: without isolation counts do not depend on it.
const POLICY: &str = "CONNECTOR_POLICY__ISOLATION=shared";
/// How far a count may be from the committed one, as a part of it.
const TOLERANCE: f64 = 0.015;
/// A count that is off is taken so often in all, and the least is believed: what a busy machine does only adds.
const TRIES: usize = 3;

/// Counts the instructions of calls in user code.
#[derive(Debug, Parser)]
struct Arguments {
    /// Write what was counted as what is expected from now on.
    #[arg(long)]
    bless: bool,
    /// Only the rows whose name contains this.
    #[arg(long, default_value = "", conflicts_with = "bless")]
    only: String,
}

/// The file of what is expected.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Expected {
    /// The compiler that the counts are of.
    rustc: String,
    rows: BTreeMap<String, Counts>,
}

/// Instructions per call.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Counts {
    connector_server: u64,
    bare_tonic: u64,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| measure(&arguments)))
}

fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    let rustc = rustc()?;
    let expected: Expected = match std::fs::read(&file) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(_) if arguments.bless => Expected::default(),
        Err(error) => return Err(format!("{}: {error}", file.display()).into()),
    };
    let bench = Bench::new()?;
    let mut rows = BTreeMap::new();
    for (name, call, streams) in ROWS {
        if name.contains(&arguments.only) {
            let expected = expected.rows.get(name).copied();
            rows.insert(name.to_owned(), bench.row(name, call, streams, expected)?);
        }
    }
    let (text, mut kept) = report(&rows, &expected)?;
    let mut text = text;
    if arguments.bless {
        let counted = serde_json::to_string_pretty(&Expected { rustc, rows })?;
        std::fs::write(&file, counted + "\n")?;
        writeln!(text, "\nwritten to {}", file.display())?;
        kept = true;
    } else if expected.rustc != rustc {
        writeln!(text, "\nnot judged: {} is expected, and this is {rustc}", expected.rustc)?;
        kept = true;
    } else if !kept {
        writeln!(text, "\nbench/README.md says what to do about a count that moved")?;
    }
    Ok((text, kept))
}

fn rustc() -> Result<String, Problem> {
    let said = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8(said.stdout)?.trim().to_owned())
}

/// Where the servers are, and where what callgrind writes goes.
struct Bench {
    server: PathBuf,
    bare: PathBuf,
    profiles: PathBuf,
}

impl Bench {
    fn new() -> Result<Self, Problem> {
        let this_program = std::env::current_exe()?;
        let beside = |name: &str| this_program.with_file_name(name);
        let profiles = beside("instructions.profiles");
        std::fs::create_dir_all(&profiles)?;
        Ok(Self { server: beside("connector-server"), bare: beside("bare_batch_job"), profiles })
    }

    fn row(
        &self,
        name: &str,
        call: Call,
        streams: usize,
        expected: Option<Counts>,
    ) -> Result<Counts, Problem> {
        let server = || self.count(&self.server, &SERVE, name, call, streams);
        let bare = || self.count(&self.bare, &[], name, call, streams);
        Ok(Counts {
            connector_server: least(server, expected.map(|it| it.connector_server))?,
            bare_tonic: least(bare, expected.map(|it| it.bare_tonic))?,
        })
    }

    /// What one more call costs: a process that answered more of them, less one that answered fewer.
    fn count(
        &self,
        program: &Path,
        arguments: &[&str],
        name: &str,
        call: Call,
        streams: usize,
    ) -> Result<u64, Problem> {
        let program_name = program.file_name().unwrap_or_default().display();
        let profile = self.profiles.join(format!("{program_name}: {name}"));
        let run = |calls| executed(program, arguments, &profile, call, streams, calls / streams);
        // The profile that stays is that of the longer run.
        let (few, more) = (run(WARM_UP)?, run(WARM_UP + COUNTED)?);
        Ok(more.saturating_sub(few) / COUNTED as u64)
    }
}

fn least(count: impl Fn() -> Result<u64, Problem>, expected: Option<u64>) -> Result<u64, Problem> {
    let mut least = count()?;
    for _ in 1..TRIES {
        if expected.is_some_and(|expected| is_near(least, expected)) {
            break;
        }
        least = least.min(count()?);
    }
    Ok(least)
}

fn is_near(counted: u64, expected: u64) -> bool {
    (counted as f64 / expected as f64 - 1.0).abs() <= TOLERANCE
}

/// The instructions of a process that answers so many rounds of calls, from its start to its end.
fn executed(
    program: &Path,
    arguments: &[&str],
    profile: &Path,
    call: Call,
    streams: usize,
    rounds: usize,
) -> Result<u64, Problem> {
    let mut emulated = vec![
        POLICY.to_owned(),
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", profile.display()),
        program.display().to_string(),
    ];
    emulated.extend(arguments.iter().map(|&argument| argument.to_owned()));
    // One thread, so that the calls of a round leave together.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let process = ServingProcess::start(Path::new("/usr/bin/env"), emulated).await?;
        rounds::call(process.address(), call, streams, rounds).await?;
        process.stop().await?;
        Ok::<_, Problem>(())
    })?;
    let written = std::fs::read_to_string(profile)?;
    let total = written.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.ok_or("callgrind wrote no line `totals: …`")?.trim().parse()?)
}

/// The table, and whether every count is the one that is expected.
fn report(
    rows: &BTreeMap<String, Counts>,
    expected: &Expected,
) -> Result<(String, bool), std::fmt::Error> {
    let mut text = format!(
        "instructions per call, user code\n\n{:36}{:>18}{:>12}{:>8}\n",
        "", "connector-server", "bare tonic", "ratio"
    );
    let mut kept = true;
    for (name, counts) in rows {
        let Counts { connector_server, bare_tonic } = *counts;
        let ratio = connector_server as f64 / bare_tonic as f64;
        writeln!(text, "{name:36}{connector_server:>18}{bare_tonic:>12}{ratio:>8.2}")?;
        let Some(before) = expected.rows.get(name) else {
            kept = false;
            continue;
        };
        let was = before.connector_server;
        let moved = connector_server as f64 / was as f64 - 1.0;
        // Another C library, or a newer crate below both, moves both.
        let beside = ratio / (was as f64 / before.bare_tonic as f64) - 1.0;
        if moved.min(beside) > TOLERANCE {
            writeln!(
                text,
                "  {was} expected, {:+.1} %: MOVED, and not with bare tonic",
                moved * 100.0
            )?;
            kept = false;
        } else if moved.max(beside) < -TOLERANCE {
            writeln!(text, "  {was} expected, {:+.1} %: less, which --bless keeps", moved * 100.0)?;
        }
    }
    Ok((text, kept))
}
