//! What a server keeps of each job that runs, and for how many the poll interval holds.
//! Run by hand, after release builds; README.md says how. Fails if a promise is broken.
//! How a server is started and weighed stands in `bench::process`, how it is called in `bench::load`.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench::load;
use bench::process::ServingProcess;
use bench::verdict;
use clap::Parser;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The promise, with all that the allocator rounds up.
const EACH: f64 = 250.0;
/// Jobs polled before the server is weighed: connections, threads and tables are there then.
const WARM_UP: u32 = 2_000;
/// Polls at a time.
const STREAMS: usize = 64;
/// No job is asked about again while this measures.
const INTERVAL: &str = "CONNECTOR_POLICY__POLL_INTERVAL=1h";

/// Polls many jobs of which each is remembered, and weighs the server.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many jobs run.
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u32,
    /// The policy's `max_remembered_bytes`. A server of before it does not start.
    #[arg(long, default_value = "512MiB")]
    room: String,
    /// The server to measure [default: `connector-server` beside this program].
    #[arg(long)]
    server: Option<PathBuf>,
}

/// What was seen.
struct Seen {
    /// Resident memory for each job.
    each: f64,
    /// Answers the server had when all jobs were polled.
    answers: f64,
    /// Answers that had to make room for others.
    given_up: f64,
    /// Jobs the connector was asked about though every one had been polled within the interval.
    asked_again: f64,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| verdict::in_runtime(measured(&arguments))))
}

async fn measured(arguments: &Arguments) -> Result<(String, bool), Problem> {
    Ok(report(arguments, &measure(arguments).await?)?)
}

async fn measure(arguments: &Arguments) -> Result<Seen, Problem> {
    let beside = std::env::current_exe()?.with_file_name("connector-server");
    let program = arguments.server.clone().unwrap_or(beside);
    // Free now; nobody else is likely to take it.
    let metrics = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let (room, port) = (&arguments.room, metrics.port());
    let command = [
        INTERVAL.to_owned(),
        format!("CONNECTOR_POLICY__MAX_REMEMBERED_BYTES={room}"),
        program.display().to_string(),
        "--host=127.0.0.1".to_owned(),
        "--port=0".to_owned(),
        format!("--prometheus-port={port}"),
    ];
    let server = ServingProcess::start(Path::new("/usr/bin/env"), command).await?;
    let polls = async |jobs| load::polls(server.address(), jobs, STREAMS).await;
    let page = async || page(&metrics.to_string()).await;
    let all = WARM_UP..WARM_UP + arguments.jobs;

    polls(0..WARM_UP).await?;
    let before = server.resident_bytes()?;
    polls(all.clone()).await?;
    let after = server.resident_bytes()?;
    let first = page().await?;
    polls(all).await?;
    let second = page().await?;
    server.end().await?;

    let asked = |page: &str| sum(page, "flyte_connector_outside_calls_total{operation=\"get\"");
    let of_answers =
        |name: &str| sum(&first, &format!("{name}{{task_type=\"batch_job\",what=\"answers\""));
    Ok(Seen {
        each: after.saturating_sub(before) as f64 / f64::from(arguments.jobs),
        answers: of_answers("flyte_connector_remembered"),
        given_up: of_answers("flyte_connector_given_up_records_total"),
        asked_again: asked(&second) - asked(&first),
    })
}

/// The page of metrics.
async fn page(address: &str) -> Result<String, Problem> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    Ok(page)
}

/// The sum of the series that begin so.
fn sum(page: &str, beginning: &str) -> f64 {
    let series = page.lines().filter(|line| line.starts_with(beginning));
    series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

fn report(arguments: &Arguments, seen: &Seen) -> Result<(String, bool), std::fmt::Error> {
    let Arguments { jobs, room, .. } = arguments;
    let mut text = String::new();
    writeln!(text, "{jobs} jobs, each polled twice within its interval, with room for {room}\n")?;
    writeln!(text, "{:40}{:>12.0}", "answers remembered after the first round", seen.answers)?;
    writeln!(text, "{:40}{:>12.0}", "answers given up for want of room", seen.given_up)?;
    writeln!(text, "{:40}{:>12.0}", "jobs asked about again too early", seen.asked_again)?;
    writeln!(text, "{:40}{:>12.0}\n", "resident bytes for each job", seen.each)?;
    let (little, holds) = (seen.each <= EACH, seen.asked_again == 0.0);
    let word = |kept: bool| if kept { "kept" } else { "BROKEN" };
    writeln!(text, "at most {EACH} bytes for each job: {}", word(little))?;
    writeln!(text, "the interval holds for {jobs} jobs: {}", word(holds))?;
    Ok((text, little && holds))
}
