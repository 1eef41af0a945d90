//! What 1, 3 and 6 servers ask a vendor, and what their pace costs their PostgreSQL. Run by hand, on a machine of
//! one's own: `cargo run -p chaos-tests --bin one-pace [JOBS] [SECONDS]`; `docs/src/replicas.md` has figures.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chaos_tests::one_pace::{Count, Fleet};

/// The time between two polls of a job, and the connector's `poll_interval`: three polls are one question.
const EVERY: Duration = Duration::from_secs(10);
const INTERVAL: &str = "30s";

fn main() -> ExitCode {
    let number = |at, other: usize| {
        std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(other)
    };
    let (jobs, seconds) = (number(1, 1_000), number(2, 120));
    let rounds = seconds / 10;
    let here = std::env::current_exe().expect("a path");
    let binary: PathBuf = here.parent().expect("a folder").join("chaos-server");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{jobs} jobs, each polled every 10 s for {seconds} s; the vendor wants {INTERVAL}");
    println!(
        "kind        servers  polls  questions  ratio  database ms/s  rows/s  log B/s  tables B"
    );
    for (kind, batch) in [("one by one", 1), ("in batches", 100)] {
        let mut alone = None;
        for count in [1, 3, 6] {
            let policy =
                [("POLL_INTERVAL", INTERVAL.to_owned()), ("BATCH_SIZE", batch.to_string())];
            let counted = runtime.block_on(async {
                let fleet = Fleet::start(binary.clone(), count, &policy).await?;
                let counted = fleet.measure(jobs, EVERY, rounds).await;
                fleet.end().await;
                Some(counted)
            });
            let Some(counted) = counted else { return ExitCode::FAILURE };
            let Count { polls, questions, active, rows, log, size } = counted;
            let ratio = questions as f64 / *alone.get_or_insert(questions as f64);
            let a_second = |total: f64| total / seconds as f64;
            println!(
                "{kind:12}{count:7}{polls:7}{questions:11}{ratio:7.2}{:15.2}{:8.1}{:9.0}{size:10}",
                a_second(active.as_secs_f64() * 1_000.0),
                a_second(rows as f64),
                a_second(log as f64),
            );
        }
    }
    ExitCode::SUCCESS
}
