//! The same storms over the official Python service and over this server, one after the other.
//! Run by hand (`cargo run -p chaos-tests --bin beside-python`); the figures go to `docs/src/keep-python.md`
//! and `docs/src/executor.md`. `-- killed` runs the storm with kills alone; `never` and `terminated` are the others.
//! `-- replicas` has a server killed every few seconds: the Python service, this one on memory, and three of this one
//! over a PostgreSQL that is restarted once; its figures are in `tests/chaos/README.md`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chaos_tests::pace::Pace;
use chaos_tests::plan::Kind;
use chaos_tests::replicas::Replicas;
use chaos_tests::server::{BehindServer, Launcher, RustServer};
use chaos_tests::storm::{ServerEnds, Storm};
use interop_tests::venv::Venv;
use postgres_tests::Engine;
use tokio::process::Command;

/// Starts `c0` of the official SDK with the chaos connector.
struct PythonServer {
    venv: Venv,
}

impl Launcher for PythonServer {
    fn command(&self, vendor: SocketAddr) -> (Command, Option<SocketAddr>) {
        let [port, metrics_port] = free_ports();
        let mut command = Command::from(self.venv.command("c0"));
        command
            .args(["--port", &port.to_string(), "--prometheus_port", &metrics_port.to_string()])
            .args(["--worker", "10", "--modules", "chaos_connector"])
            .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
            .env("CONNECTOR__CHAOS__VENDOR", vendor.to_string());
        (command, Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
    }
}

/// Both are held until both are known, or they might be the same one.
fn free_ports() -> [u16; 2] {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    [bind(), bind()].map(|listener| listener.local_addr().expect("an address").port())
}

fn main() -> ExitCode {
    let here = std::env::current_exe().expect("a path");
    let beside = here.parent().expect("a folder");
    let target: PathBuf = beside.parent().expect("the target folder").to_owned();
    let Some(venv) = Venv::official_sdk(&target, "the storm over the Python service") else {
        return ExitCode::FAILURE;
    };
    let settings = Pace::FAST.server_settings();
    let interpreter = venv.command("python").get_program().into();
    let behind = BehindServer {
        binary: beside.join("connector-server"),
        python: interpreter,
        settings: settings.clone(),
    };
    let python = PythonServer { venv };
    let rust = RustServer { binary: beside.join("chaos-server"), settings };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let seed = fastrand::u64(..1 << 32);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.iter().any(|name| name == "replicas") {
        return beside_replicas(&runtime, seed, &python, &rust);
    }
    let storms = [
        ("never", ServerEnds::Never),
        ("terminated", ServerEnds::Terminated),
        ("killed", ServerEnds::Killed),
    ];
    for (called, ends) in storms {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == called) {
            continue;
        }
        let servers: [(&str, &dyn Launcher); 3] =
            [("Python", &python), ("Python behind Rust", &behind), ("Rust", &rust)];
        for (name, launcher) in servers {
            let mut storm = Storm::from_environment(500, Duration::from_secs(600), ends);
            if ends == ServerEnds::Killed {
                storm = storm.with_kills_of_workers();
            }
            // Few enough for one Python process, so that it is not judged by its speed.
            storm.at_once = storm.at_once.min(20);
            if std::env::var_os("CHAOS_SEED").is_none() {
                storm.seed = seed;
            }
            println!("--- {name}\n{}", runtime.block_on(storm.run(launcher)));
        }
    }
    ExitCode::SUCCESS
}

/// One storm for all three: a vendor that takes keys, and a kill every few seconds.
fn beside_replicas(
    runtime: &tokio::runtime::Runtime,
    seed: u64,
    python: &PythonServer,
    rust: &RustServer,
) -> ExitCode {
    let mut storm = Storm::from_environment(2_000, Duration::from_secs(3_600), ServerEnds::Killed);
    storm.life = (Duration::from_secs(2), Duration::from_secs(6));
    storm.at_once = storm.at_once.min(50);
    storm.kind = Kind::Keys;
    if std::env::var_os("CHAOS_SEED").is_none() {
        storm.seed = seed;
    }
    let Some(engine) = Engine::own() else { return ExitCode::FAILURE };
    let replicas = Replicas::on_postgres(3, Arc::new(engine));
    let mut three = RustServer { binary: rust.binary.clone(), settings: rust.settings.clone() };
    three.settings.extend(replicas.settings());
    three.settings.push(("CONNECTOR__CHAOS__POLICY__KEYED".to_owned(), "true".to_owned()));
    let outcome = runtime.block_on(storm.run_replicas(&three, &replicas));
    println!("--- three of Rust on PostgreSQL\n{outcome}");
    println!("--- Rust on memory\n{}", runtime.block_on(storm.run(rust)));
    println!("--- Python\n{}", runtime.block_on(storm.run(python)));
    ExitCode::SUCCESS
}
