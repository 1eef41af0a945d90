//! What must hold whatever fails: nothing wedged, duplicated, orphaned or lost.
//! A minute here; for longer runs see `README.md`. A failing run prints the seed that repeats it.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chaos_tests::one_pace::Fleet;
use chaos_tests::outcome::Outcome;
use chaos_tests::pace::Pace;
use chaos_tests::plan::Kind;
use chaos_tests::replicas::Replicas;
use chaos_tests::server::{BehindServer, Launcher, RustServer};
use chaos_tests::storm::{ServerEnds, Storm};
use chaos_tests::vendors::{self, Stormy};
use futures_util::future::join_all;
use interop_tests::venv::Venv;
use postgres_tests::Engine;
use vendor_tests::bigquery::BigQuery;
use vendor_tests::snowflake::Snowflake;

/// Two storms at once would only measure the machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn weather(jobs: u32, seconds: u64, ends: ServerEnds) -> Outcome {
    let server = RustServer {
        binary: env!("CARGO_BIN_EXE_chaos-server").into(),
        settings: Pace::FAST.server_settings(),
    };
    weather_over(&server, jobs, seconds, ends)
}

fn weather_over(server: &dyn Launcher, jobs: u32, seconds: u64, ends: ServerEnds) -> Outcome {
    run(server, Storm::from_environment(jobs, Duration::from_secs(seconds), ends))
}

fn run(server: &dyn Launcher, storm: Storm) -> Outcome {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let outcome = runtime.block_on(storm.run(server));
    // Not through `println!`, which the test runner hides for a test that passes.
    writeln!(std::io::stderr(), "{outcome}").expect("standard error");
    outcome
}

/// A server with the same connector in Python behind it; nothing where there is no Python.
fn python_behind_us() -> Option<BehindServer> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder");
    let venv = Venv::official_sdk(target, "the storm over a Python connector")?;
    Some(BehindServer {
        binary: interop_tests::peer::binary(target).expect("the binary"),
        python: venv.command("python").get_program().into(),
        settings: Pace::FAST.server_settings(),
    })
}

#[test]
fn nothing_is_wedged_duplicated_orphaned_or_lost_across_restarts() {
    let outcome = weather(2_000, 40, ServerEnds::Terminated);
    assert!(outcome.report.is_clean(), "{outcome}");
    assert!(outcome.wrong_ends.is_empty(), "{outcome}");
    assert_eq!(outcome.bad_ends_of_servers(), 0, "{outcome}");
}

/// The same connector, written in Python on the official SDK and served by workers: alone under `c0` it
/// wedges one job of seven (`beside-python`).
#[test]
fn a_python_connector_behind_us_wedges_duplicates_and_loses_nothing() {
    let Some(server) = python_behind_us() else { return };
    let outcome = weather_over(&server, 200, 20, ServerEnds::Terminated);
    assert!(outcome.report.is_clean(), "{outcome}");
    assert!(outcome.wrong_ends.is_empty(), "{outcome}");
    assert_eq!(outcome.bad_ends_of_servers(), 0, "{outcome}");
}

/// Servers and workers are killed in the middle of everything. What only a store that outlives them could
/// have saved is listed, each job with its kill; `beside-python` does the same with 500 tasks.
#[test]
fn a_python_connector_behind_us_stands_kills_of_the_server_and_of_workers() {
    let Some(server) = python_behind_us() else { return };
    let storm = Storm::from_environment(150, Duration::from_secs(25), ServerEnds::Killed);
    let outcome = run(&server, storm.with_kills_of_workers());
    assert!(outcome.report.is_clean(), "{outcome}");
    assert!(outcome.wrong_ends.is_empty(), "{outcome}");
    assert!(outcome.unexplained.is_empty(), "{outcome}");
    assert!(!outcome.lives.workers_killed.is_empty(), "{outcome}");
    assert_eq!(outcome.bad_ends_of_servers(), 0, "{outcome}");
}

/// What a killed server knew is gone, and a store that survives it is not there yet; what must hold
/// even so, holds.
#[test]
fn a_killed_server_wedges_and_loses_nothing() {
    let outcome = weather(300, 10, ServerEnds::Killed);
    assert!(outcome.report.wedged.is_empty(), "{outcome}");
    assert!(outcome.report.lost.is_empty() && outcome.wrong_ends.is_empty(), "{outcome}");
    assert!(outcome.report.is_clean(), "{outcome}");
    assert_eq!(outcome.bad_ends_of_servers(), 0, "{outcome}");
}

/// What a storm over a shared state is to leave: nothing, but for what was made while the database was away and
/// each server on its own, and, of a vendor that neither takes keys nor can be asked, what a kill fell into.
fn over_a_state(replicas: &Replicas, kind: Kind, storm: Storm) -> Outcome {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut settings = Pace::FAST.server_settings();
    settings.extend(replicas.settings());
    if kind == Kind::Keys {
        settings.push(("CONNECTOR__CHAOS__POLICY__KEYED".to_owned(), "true".to_owned()));
    }
    let server = RustServer { binary: env!("CARGO_BIN_EXE_chaos-server").into(), settings };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let storm = Storm { kind, ..storm };
    let outcome = runtime.block_on(storm.run_replicas(&server, replicas));
    writeln!(std::io::stderr(), "{outcome}").expect("standard error");
    assert!(outcome.report.is_clean(), "{outcome}");
    assert!(outcome.wrong_ends.is_empty(), "{outcome}");
    assert_eq!(outcome.bad_ends_of_servers(), 0, "{outcome}");
    assert!(outcome.unexplained.is_empty(), "{outcome}");
    if kind != Kind::Neither {
        assert!(outcome.explained.is_empty(), "{outcome}");
    }
    if kind == Kind::Keys {
        assert_eq!(outcome.beyond_one_life_duplicated, 0, "{outcome}");
    }
    outcome
}

/// Three replicas on one PostgreSQL, one of which is killed every second or two, and the database restarted.
fn over_postgres(kind: Kind) {
    let Some(engine) = Engine::own() else { return };
    let replicas = Replicas::on_postgres(3, Arc::new(engine));
    let storm = Storm::from_environment(600, Duration::from_secs(20), ServerEnds::Killed);
    let outcome = over_a_state(&replicas, kind, storm);
    assert!(!outcome.lives.killed.is_empty(), "{outcome}");
}

/// One replica on a file, killed every second or two.
fn over_sqlite(kind: Kind) {
    let folder = tempfile::tempdir().expect("a folder");
    let replicas = Replicas::on_sqlite(&folder.path().join("state.db"));
    let storm = Storm::from_environment(300, Duration::from_secs(10), ServerEnds::Killed);
    let outcome = over_a_state(&replicas, kind, storm);
    assert!(!outcome.lives.killed.is_empty(), "{outcome}");
}

#[test]
fn replicas_on_postgres_with_keys_lose_nothing_to_kills() {
    over_postgres(Kind::Keys);
}

#[test]
fn replicas_on_postgres_that_find_their_jobs_lose_nothing_to_kills() {
    over_postgres(Kind::Find);
}

/// What is doubled then is listed with its kill.
#[test]
fn replicas_on_postgres_with_neither_double_only_what_a_kill_fell_into() {
    over_postgres(Kind::Neither);
}

#[test]
fn a_replica_on_sqlite_with_keys_loses_nothing_to_kills() {
    over_sqlite(Kind::Keys);
}

#[test]
fn a_replica_on_sqlite_that_finds_its_jobs_loses_nothing_to_kills() {
    over_sqlite(Kind::Find);
}

#[test]
fn a_replica_on_sqlite_with_neither_doubles_only_what_a_kill_fell_into() {
    over_sqlite(Kind::Neither);
}

/// The vendor's calls that so many servers make for jobs that are polled often within one interval, at each of the
/// servers in turn. None without PostgreSQL.
fn questions(servers: usize, batch: usize) -> Option<u64> {
    const JOBS: usize = 60;
    let policy = [("POLL_INTERVAL", "10m".to_owned()), ("BATCH_SIZE", batch.to_string())];
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let binary = env!("CARGO_BIN_EXE_chaos-server").into();
        let fleet = Fleet::start(binary, servers, &policy).await?;
        join_all((0..JOBS).map(|job| fleet.poll(job, job))).await;
        // However long that takes: it is no race.
        fleet.knows(60).await;
        for round in 1..10 {
            join_all((0..JOBS).map(|job| fleet.poll(job, job + round))).await;
        }
        let questions = fleet.questions();
        fleet.end().await;
        Some(questions)
    })
}

#[test]
fn three_servers_ask_a_vendor_no_more_often_than_one() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for batch in [1, 20] {
        let Some(one) = questions(1, batch) else { return };
        let three = questions(3, batch).expect("the same PostgreSQL");
        assert!(one >= 60 / batch as u64, "{one} calls by one server");
        assert!(
            three * 10 <= one * 11,
            "{three} calls by three servers, {one} by one; batches of {batch}"
        );
    }
}

/// The connector of a vendor between that vendor, in bad weather, and servers that are replaced.
fn over<V: Stormy>(ends: ServerEnds) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let storm = Storm::from_environment(300, Duration::from_secs(20), ends);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let binary = env!("CARGO_BIN_EXE_chaos-server").into();
    let outcome = runtime.block_on(vendors::weather::<V>(storm, binary));
    writeln!(std::io::stderr(), "{outcome}").expect("standard error");
    let report = &outcome.report;
    assert!(report.wedged.is_empty() && report.duplicated.is_empty(), "{outcome}");
    assert!(report.lost.is_empty() && report.undeletable.is_empty(), "{outcome}");
    // An answer that leaves in time may still be on its way when its caller, who is in a hurry here, gives up;
    // on a busy machine that is one task in some thousands, and nobody is told.
    assert!(report.orphaned.len() <= 1, "{outcome}");
    assert!(ends != ServerEnds::Never || outcome.known_twice == 0, "{outcome}");
    assert!(outcome.wrong_ends.is_empty(), "{outcome}");
    assert!(outcome.lives.terminated.iter().all(|(_, status)| status.success()), "{outcome}");
}

#[test]
fn bigquery_in_bad_weather_loses_nothing() {
    over::<BigQuery>(ServerEnds::Never);
    over::<BigQuery>(ServerEnds::Terminated);
}

#[test]
fn snowflake_in_bad_weather_loses_nothing() {
    over::<Snowflake>(ServerEnds::Never);
    over::<Snowflake>(ServerEnds::Terminated);
}

/// The vendor has the job, nobody heard of it, and nobody will come back for it.
fn abandoned<V: Stormy>() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let binary = env!("CARGO_BIN_EXE_chaos-server").into();
    for report in runtime.block_on(vendors::abandoned::<V>(binary)) {
        assert!(report.is_clean(), "{report}");
    }
}

#[test]
fn a_job_of_bigquery_whose_answer_was_lost_does_not_outlive_its_task() {
    abandoned::<BigQuery>();
}

#[test]
fn a_query_of_snowflake_whose_answer_was_lost_does_not_outlive_its_task() {
    abandoned::<Snowflake>();
}
