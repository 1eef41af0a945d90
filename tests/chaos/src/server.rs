//! A server process: started, asked to end, killed.
//! `storm` keeps one at work and replaces it at random moments.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use connector_service::pb;
use connector_service::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tonic::transport::{Channel, Endpoint};

/// How long a process may take to start or to end.
const LIMIT: Duration = Duration::from_secs(30);

/// A server under test, running.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Its process id.
    pub id: u32,
    /// A connection to it.
    pub channel: Channel,
    /// Where its metrics are, if it says so.
    pub metrics: Option<String>,
}

/// How to start a server that talks to a vendor.
pub trait Launcher: Send + Sync {
    /// The command, and where it will listen if it does not print that itself.
    fn command(&self, vendor: SocketAddr) -> (Command, Option<SocketAddr>);
}

/// Starts the server of this project.
#[derive(Debug)]
pub struct RustServer {
    /// The binary `chaos-server`.
    pub binary: PathBuf,
    /// Its settings.
    pub settings: Vec<(String, String)>,
}

impl Launcher for RustServer {
    fn command(&self, vendor: SocketAddr) -> (Command, Option<SocketAddr>) {
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"])
            .env("CONNECTOR__CHAOS__VENDOR", vendor.to_string())
            .env("CONNECTOR__CHAOS_FOUND__VENDOR", vendor.to_string())
            .env("RUST_BACKTRACE", "0")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        (command, None)
    }
}

/// Starts a server of this project that links no such connector and has the one in Python behind it.
#[derive(Debug)]
pub struct BehindServer {
    /// The binary `connector-server`.
    pub binary: PathBuf,
    /// The interpreter that has the official connectors.
    pub python: PathBuf,
    /// The server's settings.
    pub settings: Vec<(String, String)>,
}

impl Launcher for BehindServer {
    fn command(&self, vendor: SocketAddr) -> (Command, Option<SocketAddr>) {
        let Self { binary, python, settings } = self;
        let server = RustServer { binary: binary.clone(), settings: settings.clone() };
        let (mut command, address) = server.command(vendor);
        command
            .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("CONNECTOR_PYTHON", python)
            .env("CONNECTOR_MODULES", "chaos_connector")
            .env("CHAOS_WORKER", "");
        (command, address)
    }
}

/// Sends SIGKILL; whether there was a process.
pub(crate) async fn kill(process: u32) -> bool {
    let told = Command::new("kill").args(["-KILL", &process.to_string()]).status().await;
    told.expect("kill runs").success()
}

/// The parent of a process that runs. What has ended and is not yet taken leave of does not run.
fn parent_of(process: u32) -> Option<u32> {
    let told = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program may hold anything, and ends with the last bracket.
    let mut fields = told.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    fields.next().filter(|_| state != "Z")?.parse().ok()
}

/// What is told at such an address.
async fn page(url: &str) -> std::io::Result<String> {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap_or((url, ""));
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await?;
    let mut told = String::new();
    stream.read_to_string(&mut told).await?;
    Ok(told)
}

async fn answers(channel: Channel) -> bool {
    let asked = pb::ListConnectorsRequest {};
    ConnectorMetadataServiceClient::new(channel).list_connectors(asked).await.is_ok()
}

impl Server {
    /// Starts a server and waits until it serves.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start(launcher: &dyn Launcher, vendor: SocketAddr) -> Self {
        let (mut command, listens_where) = launcher.command(vendor);
        let complaints = match std::env::var_os("CHAOS_LOG") {
            Some(_) => Stdio::inherit(),
            None => Stdio::null(),
        };
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let id = process.id().expect("it runs");
        let output = process.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(output).lines();
        let address = match listens_where {
            Some(address) => address,
            None => {
                let told = async {
                    loop {
                        let line = lines.next_line().await.expect("output").expect("an address");
                        if let Some(url) = line.strip_prefix("gRPC") {
                            break url.trim().trim_start_matches("http://").parse().expect("one");
                        }
                    }
                };
                tokio::time::timeout(LIMIT, told).await.expect("the server starts in time")
            }
        };
        let mut metrics = None;
        if listens_where.is_none() {
            let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
            let line = line.expect("a line in time").expect("output").unwrap_or_default();
            metrics = line.strip_prefix("metrics").map(|url| url.trim().to_owned());
        }
        // A pipe that nobody empties would hold the server up.
        tokio::spawn(async move { while let Ok(Some(_line)) = lines.next_line().await {} });
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("a URI");
        let reach = async {
            loop {
                // A port may take connections before anybody serves them, and before SIGTERM is
                // handled.
                if let Ok(channel) = endpoint.connect().await
                    && answers(channel.clone()).await
                {
                    break channel;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let channel = tokio::time::timeout(LIMIT, reach).await.expect("the server is reached");
        Self { process, id, channel, metrics }
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// It does not end in time.
    pub async fn terminate(mut self) -> ExitStatus {
        let told = Command::new("kill").args(["-TERM", &self.id.to_string()]).status().await;
        assert!(told.expect("kill runs").success(), "the server had gone already");
        tokio::time::timeout(LIMIT, self.process.wait()).await.expect("an end in time").expect("it")
    }

    /// What a metric without a fraction says at this moment; none where it is not told.
    pub async fn metric(&self, metric: &str) -> Option<i64> {
        let told = page(self.metrics.as_deref()?).await.ok()?;
        let line = told.lines().find(|line| line.starts_with(metric))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// The processes that work for it: its children.
    #[must_use]
    pub fn workers(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        numbers.filter(|process| parent_of(*process) == Some(self.id)).collect()
    }

    /// Sends SIGKILL at once, and then waits for the end.
    ///
    /// # Panics
    /// There was no process to kill.
    pub fn kill(mut self) -> impl Future<Output = ()> {
        self.process.start_kill().expect("a process");
        async move {
            self.process.wait().await.expect("its end");
        }
    }
}
