//! The two servers that the tests talk to: the binary of this project, and `c0` of the official SDK.
//! Both are started on free ports of this machine, and are killed when their handle is dropped.
//! What is sent to them is the business of the Python scripts.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo::forget_outer;
use crate::venv::{Venv, run};
use crate::{HarnessError, Result};

/// How long a server may take until it can be reached. Python alone needs two seconds on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// The connectors of this package.
const REFERENCE: [&str; 2] = ["--modules", "reference_connectors"];
/// How long to listen to the server's output before looking at its port again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A server that runs as its own process.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    process: Child,
    address: String,
    metrics_url: String,
    log: Log,
}

impl Server {
    /// Starts the `connector-server` binary, which is built first if need be.
    ///
    /// # Errors
    /// If it does not build, does not start, or does not print where it listens.
    pub fn rust(target: &Path) -> Result<Self> {
        Self::of(&binary(target)?)
    }

    /// Starts any program whose `main` is that of `connector-server`.
    ///
    /// # Errors
    /// If it does not start, or does not print where it listens.
    pub fn of(program: &Path) -> Result<Self> {
        Self::with(program, &[])
    }

    /// Starts such a program with variables of its environment.
    ///
    /// # Errors
    /// As [`Server::of`].
    pub fn with(program: &Path, environment: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(program);
        command.envs(environment.iter().copied());
        Self::serving(command)
    }

    /// Starts such a program with Python connectors behind it, in workers of that environment. The
    /// variables say which, in `CONNECTOR_MODULES`.
    ///
    /// # Errors
    /// If it does not start, or does not print where it listens.
    pub fn before_python(program: &Path, venv: &Venv, variables: &[(&str, &str)]) -> Result<Self> {
        let python = venv.command("python");
        let mut ours = Command::new(program);
        let set = python.get_envs().filter_map(|(name, value)| Some((name, value?)));
        ours.envs(set).env("CONNECTOR_PYTHON", python.get_program());
        ours.envs(variables.iter().copied());
        Self::serving(ours)
    }

    fn serving(mut command: Command) -> Result<Self> {
        command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]);
        let (process, log, lines) = spawn("connector-server", &mut command)?;
        let mut server = Self {
            name: "connector-server",
            process,
            address: String::new(),
            metrics_url: String::new(),
            log,
        };
        let limit = Instant::now() + START_LIMIT;
        while server.address.is_empty() || server.metrics_url.is_empty() {
            let wait = limit.saturating_duration_since(Instant::now());
            match lines.recv_timeout(wait) {
                Ok(line) => server.read_start_line(&line),
                Err(_) => return Err(server.failure("did not print where it listens")),
            }
        }
        Ok(server)
    }

    /// Starts the `connector-server` binary under the name and with the flags of `c0`.
    ///
    /// # Errors
    /// If it does not build, does not start or does not listen in time.
    pub fn rust_as_c0(target: &Path) -> Result<Self> {
        let mut command = Command::new(binary(target)?);
        // Of what the modules hold everything is linked in, so that no Python need be there.
        command.arg0("c0").env("CONNECTOR_PYTHON", "no-python-here");
        Self::c0("connector-server, called c0", command.args(REFERENCE))
    }

    /// Starts `c0` of the official SDK with the reference connectors of this package.
    ///
    /// # Errors
    /// If it does not start or does not listen in time.
    pub fn python(venv: &Venv) -> Result<Self> {
        let [_, module] = REFERENCE;
        Self::python_with(venv, module)
    }

    /// Starts `c0` of the official SDK with a module of connectors.
    ///
    /// # Errors
    /// If it does not start or does not listen in time.
    pub fn python_with(venv: &Venv, module: &str) -> Result<Self> {
        Self::c0("c0", venv.command("c0").args(["--modules", module]))
    }

    /// Starts the server of connectors of Flyte 1 with a module of connectors.
    ///
    /// # Errors
    /// If it does not start or does not listen in time.
    pub fn pyflyte(venv: &Venv, module: &str) -> Result<Self> {
        Self::pyflyte_with(venv, module, &[])
    }

    /// Starts the server of connectors of Flyte 1 with a module of connectors and with variables of its own.
    ///
    /// # Errors
    /// If it does not start or does not listen in time.
    pub fn pyflyte_with(venv: &Venv, module: &str, environment: &[(&str, &str)]) -> Result<Self> {
        let mut command = venv.command("pyflyte");
        command.envs(environment.iter().copied());
        Self::c0("pyflyte", command.args(["serve", "connector", "--modules", module]))
    }

    /// Starts `c0` with the connectors that the packages of the environment bring, and with variables of
    /// its own.
    ///
    /// # Errors
    /// If it does not start or does not listen in time.
    pub fn official(venv: &Venv, environment: &[(&str, &str)]) -> Result<Self> {
        Self::c0("c0", venv.command("c0").envs(environment.iter().copied()))
    }

    /// Starts any program that takes the flags of `c0`.
    ///
    /// # Errors
    /// If it does not start or does not listen in time.
    pub fn c0(name: &'static str, command: &mut Command) -> Result<Self> {
        // Given a port that is taken, Python's c0 says nothing and serves nobody; so it gets free ones.
        let [port, metrics_port] = free_ports()?;
        command
            .args(["--port", &port.to_string(), "--prometheus_port", &metrics_port.to_string()])
            .args(["--worker", "10"]);
        let (process, log, lines) = spawn(name, command)?;
        let server = Self {
            name,
            process,
            address: format!("127.0.0.1:{port}"),
            metrics_url: format!("http://127.0.0.1:{metrics_port}/metrics"),
            log,
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let limit = Instant::now() + START_LIMIT;
        while TcpStream::connect_timeout(&address, LOOK_AGAIN).is_err() {
            let gone =
                matches!(lines.recv_timeout(LOOK_AGAIN), Err(RecvTimeoutError::Disconnected));
            if gone || Instant::now() > limit {
                return Err(server.failure("does not listen"));
            }
        }
        Ok(server)
    }

    fn read_start_line(&mut self, line: &str) {
        let Some((label, url)) = line.trim().split_once(char::is_whitespace) else {
            return;
        };
        let url = url.trim();
        match (label, url.strip_prefix("http://")) {
            ("gRPC", Some(address)) => self.address = address.trim_end_matches('/').to_owned(),
            ("metrics", Some(_)) => self.metrics_url = url.to_owned(),
            _ => {}
        }
    }

    fn failure(&self, what: &str) -> HarnessError {
        HarnessError::new(format!("{} {what}; it printed:\n{}", self.name, self.output()))
    }

    /// What the server is called in messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Where its gRPC services are, as host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where its Prometheus page is.
    #[must_use]
    pub fn metrics_url(&self) -> &str {
        &self.metrics_url
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until it has ended; its exit code, unless a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        self.process.wait().ok()?.code()
    }

    /// Everything it has printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        if self.process.kill().is_ok() {
            drop(self.process.wait());
        }
    }
}

type Log = Arc<Mutex<Vec<String>>>;

/// Starts a process whose output is kept, and sent on line by line; the channel ends with the process.
fn spawn(name: &str, command: &mut Command) -> Result<(Child, Log, Receiver<String>)> {
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| HarnessError::from_cause(&format!("cannot start {name}"), error))?;
    let log = Log::default();
    let (sender, lines) = channel();
    if let Some(stdout) = process.stdout.take() {
        follow(stdout, log.clone(), sender.clone());
    }
    if let Some(stderr) = process.stderr.take() {
        follow(stderr, log.clone(), sender);
    }
    Ok((process, log, lines))
}

fn follow(stream: impl Read + Send + 'static, log: Log, lines: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(std::result::Result::ok) {
            log.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
            // Once the server is up nobody listens any more; the log still does.
            drop(lines.send(line));
        }
    });
}

/// A port that nobody listens on at this moment, for a program that must be told one.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    free_ports().map(|[port, _]| port)
}

/// Two ports that nobody listens on at this moment.
fn free_ports() -> Result<[u16; 2]> {
    let doing = "cannot find a free port";
    let bind = || {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(|error| HarnessError::from_cause(doing, error))
    };
    // Both are held until both are known, or they might be the same one.
    let listeners = [bind()?, bind()?];
    let [first, second] = &listeners;
    let port = |listener: &TcpListener| {
        listener
            .local_addr()
            .map(|address| address.port())
            .map_err(|error| HarnessError::from_cause(doing, error))
    };
    Ok([port(first)?, port(second)?])
}

/// The path of the binary, built once per test process in the profile of the tests.
///
/// # Errors
/// If it does not build.
pub fn binary(target: &Path) -> Result<PathBuf> {
    static BINARY: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    BINARY
        .get_or_init(|| build(target, "connector-server").map_err(|error| error.to_string()))
        .clone()
        .map_err(HarnessError::new)
}

/// The path of an example of this package, a server with connectors of its own.
///
/// # Errors
/// If it does not build.
pub fn example(target: &Path, name: &str) -> Result<PathBuf> {
    build(target, name)
}

/// Whatever is asked for, the same is built, and as `cargo test --workspace` has built it just before: features of
/// one package alone would compile half of all dependencies once more.
fn build(target: &Path, name: &str) -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_outer(&mut cargo);
    cargo
        .args(["build", "--workspace", "--bin", "connector-server", "--examples"])
        .args(["--profile", profile()?.as_str(), "--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = run(&format!("{name} does not build"), &mut cargo)?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| HarnessError::new(format!("cargo built {name} but named no executable")))
}

/// The profile that this very test was built in, told from where it lies: `<target>/<profile>/deps/<test>`.
fn profile() -> Result<String> {
    let doing = "cannot tell the profile of this test";
    let test = std::env::current_exe().map_err(|error| HarnessError::from_cause(doing, error))?;
    match test.ancestors().nth(2).and_then(Path::file_name).and_then(OsStr::to_str) {
        // The two built-in profiles that share the folder `debug` differ only for tests.
        Some("debug") => Ok("dev".to_owned()),
        Some(profile) => Ok(profile.to_owned()),
        None => Err(HarnessError::new(format!("{doing}: it is {}", test.display()))),
    }
}
