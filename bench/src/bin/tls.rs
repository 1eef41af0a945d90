//! What TLS costs a server per poll, on connections that are kept: processor time beside that of the same server
//! in plaintext, by turns in one run. Run by hand, after release builds; README.md says how.
//! Handshakes are paid once for each connection, and are not in it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bench::encrypted::Certificate;
use bench::load::{self, Call, Shape};
use bench::process::{SERVE, ServingProcess};
use bench::verdict;
use clap::Parser;
use tonic::transport::{Channel, Endpoint};

/// What TLS may cost, in multiples of plaintext.
const MOST: f64 = 1.25;
const ROWS: [(&str, Shape); 4] = [
    ("GetTask, 16 connections, 16 calls each", Shape::Full { connections: 16, streams: 16 }),
    ("GetTask, 64 connections, one call each", Shape::Full { connections: 64, streams: 1 }),
    ("GetTask, one connection, one call at a time", Shape::Full { connections: 1, streams: 1 }),
    ("GetTask, 25 a second", Shape::Paced(25)),
];

/// Measures the processor time of polls in plaintext and over TLS, by turns.
#[derive(Debug, Parser)]
struct Arguments {
    /// Seconds per measurement.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Rounds; the medians of the ratios count.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The server to measure, if not the one beside this program.
    #[arg(long)]
    server: Option<PathBuf>,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// A server, with connections for the shape that is measured.
struct Subject {
    process: ServingProcess,
    certificate: Option<Certificate>,
    kept: Vec<Channel>,
    /// Microseconds of processor time a call, round by round.
    costs: Vec<f64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| verdict::in_runtime(measure(&arguments))))
}

async fn measure(arguments: &Arguments) -> Result<(String, bool), Problem> {
    let beside = std::env::current_exe()?.with_file_name("connector-server");
    let program = arguments.server.clone().unwrap_or(beside);
    let certificate = Certificate::new()?;
    let [cert, key] = certificate.files().map(|file| file.display().to_string());
    let tls = SERVE.into_iter().chain(["--tls-cert", &cert, "--tls-key", &key]);
    let encrypted = ServingProcess::start_listening(&program, tls).await?;
    let plain = ServingProcess::start(&program, SERVE).await?;
    let mut subjects = [Subject::new(encrypted, Some(certificate)), Subject::new(plain, None)];
    let mut text = format!("{:45}{:>10}{:>10}{:>8}\n", "µs a call", "TLS", "plain", "ratio");
    let mut kept = true;
    for (name, shape) in ROWS {
        for subject in &mut subjects {
            subject.open(shape).await?;
        }
        for round in 0..arguments.rounds {
            // Whoever begins has the machine as the other one left it.
            if round % 2 == 1 {
                subjects.reverse();
            }
            for subject in &mut subjects {
                subject.measure(shape, arguments.seconds).await?;
            }
            if round % 2 == 1 {
                subjects.reverse();
            }
        }
        let [encrypted, plain] = &subjects;
        let both = encrypted.costs.iter().zip(&plain.costs);
        let ratio = median(both.map(|(tls, plain)| tls / plain));
        let [tls, plain] = [encrypted, plain].map(|it| median(it.costs.iter().copied()));
        writeln!(text, "{name:45}{tls:>10.1}{plain:>10.1}{ratio:>8.2}")?;
        kept &= ratio <= MOST;
    }
    let told = if kept { "kept" } else { "BROKEN" };
    writeln!(text, "at most {MOST}: {told}")?;
    Ok((text, kept))
}

impl Subject {
    const fn new(process: ServingProcess, certificate: Option<Certificate>) -> Self {
        Self { process, certificate, kept: Vec::new(), costs: Vec::new() }
    }

    /// Opens connections for another shape, and calls on them until the server has warmed up.
    async fn open(&mut self, shape: Shape) -> Result<(), Problem> {
        self.kept.clear();
        self.costs.clear();
        let address = self.process.address();
        for _ in 0..shape.connections() {
            self.kept.push(match &self.certificate {
                Some(certificate) => certificate.connect(address).await?,
                None => {
                    let endpoint = Endpoint::from_shared(address.to_owned())?;
                    endpoint.tcp_nodelay(true).connect().await?
                }
            });
        }
        load::run_on(&self.kept, Call::Get, shape, Duration::from_millis(500)).await?;
        Ok(())
    }

    async fn measure(&mut self, shape: Shape, seconds: u64) -> Result<(), Problem> {
        let before = self.process.processor_time()?;
        let length = Duration::from_secs(seconds);
        let answered = load::run_on(&self.kept, Call::Get, shape, length).await?;
        let used = self.process.processor_time()?.saturating_sub(before);
        self.costs.push(used.as_secs_f64() * 1e6 / answered.calls.max(1) as f64);
        Ok(())
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
