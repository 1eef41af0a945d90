//! A server as a process of its own: started, asked for its health, weighed, ended.
//! It must print a line `gRPC http://ADDRESS` once it listens, as `connector-server` does.
//! Which servers are compared, and on what, is the business of the measuring programs.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// How long a server may take to serve; far beyond every promise, so that a slow one is a figure.
/// Under an emulator everything takes fifty times as long.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How soon to try again after a refused connection or an answer other than SERVING.
const TRY_AGAIN: Duration = Duration::from_micros(200);

/// How `connector-server` is started, on ports that are free.
pub const SERVE: [&str; 7] =
    ["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"];

/// Why a server could not be measured.
#[derive(Debug)]
pub struct MeasureError(String);

impl MeasureError {
    fn new(doing: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self(format!("{doing}: {cause}"))
    }
}

impl fmt::Display for MeasureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MeasureError {}

/// A server that answers SERVING. It is killed when dropped.
#[derive(Debug)]
pub struct ServingProcess {
    process: Child,
    address: String,
    took: Duration,
}

impl ServingProcess {
    /// Starts a program and waits until its health service answers SERVING.
    ///
    /// # Errors
    /// The program does not start, does not say where it listens, or does not serve within a minute.
    ///
    /// # Cancel safety
    /// Dropping the future kills the process.
    pub async fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, MeasureError> {
        Self::start_at(program, arguments, None).await
    }

    /// Like [`ServingProcess::start`], for a program that does not say where it listens.
    ///
    /// # Errors
    /// The program does not start, or does not serve at `known` within a minute.
    ///
    /// # Cancel safety
    /// Dropping the future kills the process.
    pub async fn start_at<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        known: Option<String>,
    ) -> Result<Self, MeasureError> {
        Self::started(program, arguments, known, true).await
    }

    /// Starts a program and waits until it says where it listens, which may be a port with TLS.
    ///
    /// # Errors
    /// The program does not start, or does not say so within a minute.
    ///
    /// # Cancel safety
    /// Dropping the future kills the process.
    pub async fn start_listening<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, MeasureError> {
        Self::started(program, arguments, None, false).await
    }

    async fn started<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        known: Option<String>,
        serves: bool,
    ) -> Result<Self, MeasureError> {
        let mut command = Command::new(program);
        // Settings in the environment of whoever measures would change what is measured.
        command.args(arguments).env_clear().kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = Instant::now();
        let mut process =
            command.spawn().map_err(|error| MeasureError::new(program.display(), error))?;
        let serving = async {
            let address = match known {
                Some(address) => address,
                None => address(&mut process).await?,
            };
            if serves {
                until_serving(&address).await?;
            }
            Ok::<_, MeasureError>(address)
        };
        match timeout(START_LIMIT, serving).await {
            Ok(Ok(address)) => Ok(Self { process, address, took: started.elapsed() }),
            Ok(Err(error)) => Err(MeasureError::new(program.display(), error)),
            Err(_elapsed) => {
                Err(MeasureError::new(program.display(), "does not serve within a minute"))
            }
        }
    }

    /// The time from just before the process existed to its answer.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The processor time that its threads have used so far, user and system.
    ///
    /// # Errors
    /// The kernel does not tell: the process is gone, or this is not Linux.
    pub fn processor_time(&self) -> Result<Duration, MeasureError> {
        let id = self.process.id().ok_or_else(|| MeasureError::new("time", "the process ended"))?;
        let path = format!("/proc/{id}/task");
        let problem = |error| MeasureError::new(&path, error);
        let mut used = Duration::ZERO;
        for thread in std::fs::read_dir(&path).map_err(problem)? {
            // Nanoseconds on a processor come first. A thread may end meanwhile.
            let account = thread.map_err(problem)?.path().join("schedstat");
            let Ok(account) = std::fs::read_to_string(account) else { continue };
            let nanos = account.split(' ').next().and_then(|nanos| nanos.parse().ok());
            used += nanos.map(Duration::from_nanos).unwrap_or_default();
        }
        Ok(used)
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// The kernel does not tell: the process is gone, or this is not Linux.
    pub fn resident_bytes(&self) -> Result<u64, MeasureError> {
        let id =
            self.process.id().ok_or_else(|| MeasureError::new("memory", "the process ended"))?;
        let path = format!("/proc/{id}/status");
        let status =
            std::fs::read_to_string(&path).map_err(|error| MeasureError::new(&path, error))?;
        let kibibytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
            .and_then(|number| number.parse::<u64>().ok());
        kibibytes
            .map(|kibibytes| kibibytes * 1024)
            .ok_or_else(|| MeasureError::new(path, "has no line `VmRSS: … kB`"))
    }

    /// Asks the process to end as a system does, and waits until it has.
    ///
    /// # Errors
    /// The process cannot be told or waited for.
    pub async fn stop(mut self) -> Result<(), MeasureError> {
        let problem = |error| MeasureError::new("stopping the process", error);
        if let Some(id) = self.process.id() {
            Command::new("kill")
                .args(["-TERM", &id.to_string()])
                .status()
                .await
                .map_err(problem)?;
        }
        self.process.wait().await.map_err(problem)?;
        Ok(())
    }

    /// Ends the process and waits until it is gone, so that it disturbs no later measurement.
    ///
    /// # Errors
    /// The process cannot be killed.
    pub async fn end(mut self) -> Result<(), MeasureError> {
        let killed = self.process.kill().await;
        killed.map_err(|error| MeasureError::new("ending the process", error))
    }
}

/// Reads what the server prints up to its address.
async fn address(process: &mut Child) -> Result<String, MeasureError> {
    let stdout = process.stdout.take();
    let stdout = stdout.ok_or_else(|| MeasureError::new("standard output", "is not connected"))?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) =
        lines.next_line().await.map_err(|error| MeasureError::new("standard output", error))?
    {
        if let Some(("gRPC", address)) = line.split_once(char::is_whitespace) {
            return Ok(address.trim().to_owned());
        }
    }
    Err(MeasureError::new("the server", "ended without a line `gRPC http://ADDRESS`"))
}

async fn until_serving(address: &str) -> Result<(), MeasureError> {
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|error| MeasureError::new(address, error))?;
    loop {
        if let Ok(channel) = endpoint.connect().await {
            let asked = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
            if asked.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving) {
                return Ok(());
            }
        }
        sleep(TRY_AGAIN).await;
    }
}
