//! The same storms over the official Python service and over this server, one after the other.
//! Run by hand (`cargo run -p chaos-tests --bin beside-python`); the figures go to `docs/src/keep-python.md`
//! and `docs/src/executor.md`. `-- killed` runs the storm with kills alone; `never` and `terminated` are the others.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chaos_tests::pace::Pace;
use chaos_tests::server::{BehindServer, Launcher, RustServer};
use chaos_tests::storm::{ServerEnds, Storm};
use interop_tests::venv::Venv;
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
