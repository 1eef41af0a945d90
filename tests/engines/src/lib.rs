//! What the tests of real engines share: one engine at a time (`turn`), its processes and their end (`group`),
//! whether anything of a job is left (`left`), an engine whose answers are held (`held`), the binary of this project
//! (`server`), and jobs as the executor sees them (`jobs`), many of them at once while servers die (`storm`), the engine's
//! own REST API (`rest`). How an engine is started stands in a module of its name, its tests in `tests/engines`.

pub mod airflow;
pub mod flink;
pub mod group;
pub mod held;
pub mod jobs;
pub mod left;
pub mod ray;
mod rest;
pub mod server;
pub mod slurm;
mod slurm_answers;
mod slurm_gpus;
mod slurm_rest;
mod slurm_shims;
mod slurmrestd;
pub mod spark;
pub mod storm;
pub mod turn;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use interop_tests::absent::skipped;

/// Linux makes connections from 32768 on.
const FIRST_PORT: u16 = 20_000;
/// How many there are from there.
const PORTS: u32 = 12_000;

/// The folder that engines are installed below: cargo's `target`.
///
/// # Panics
/// The test does not lie in a folder of cargo's.
#[must_use]
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("this test");
    test.ancestors().nth(3).map(Path::to_path_buf).expect("`target/debug/deps/test`")
}

/// Whether engines are tested that take long to install or to start; if not, a line says what is left out.
#[must_use]
pub fn all_engines(what: &str) -> bool {
    let all = std::env::var("ENGINES").is_ok_and(|value| value == "all");
    if !all {
        skipped(what, &"it takes long; `ENGINES=all` has it tested");
    }
    all
}

/// A port of this machine that nobody listens at, and no other call here has given: below those that connections are
/// made from, one of which may take a port between this call and the engine's start.
///
/// # Panics
/// There is none.
#[must_use]
pub fn free_port() -> u16 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    // Tests that run at the same time begin in different places.
    let begin = std::process::id().wrapping_mul(61);
    let mut ports = (0..PORTS).map(|_| {
        let next = begin.wrapping_add(CALLS.fetch_add(1, Ordering::Relaxed)) % PORTS;
        FIRST_PORT + u16::try_from(next).expect("few")
    });
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    ports.find(is_free).expect("a free port")
}

/// Waits for something to be so, and gives what was found.
///
/// # Panics
/// It is not so within that time.
pub async fn until<T>(what: &str, within: Duration, mut is: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = is().await {
            return found;
        }
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
