//! One worker: a Python process with the official connectors in it, on a socket in a private folder.
//! `mod` starts it, watches it and starts another. What it prints is logged under our name.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How long a worker may take until it serves: imports of large libraries take their time.
const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// After how long it is said that one is being waited for.
const SAID_AFTER: Duration = Duration::from_secs(5);
/// How often to look whether it does.
const LOOK: Duration = Duration::from_millis(20);
/// The longest line that is logged in one piece, in bytes.
const LONGEST_LINE: u64 = 16 * 1024;
/// How many of its last lines are told when it ends before it serves.
const LAST_LINES: usize = 12;

/// What the names of variables with an operator's secret begin with, and what is in them.
const LENT: [&str; 2] = ["CONNECTOR__", "__SECRET"];

/// What every worker is started with.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) python: PathBuf,
    pub(super) modules: Vec<String>,
    /// The folder with the program and the sockets.
    folder: PathBuf,
}

/// A worker that serves.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    /// It ends when this closes, and so when this process ends, however that ends.
    _held: Option<ChildStdin>,
    printing: [JoinHandle<Vec<String>>; 2],
    pub(super) socket: PathBuf,
    /// Modules that could not be imported, and what Python said.
    pub(super) failed: BTreeMap<String, String>,
}

impl Recipe {
    /// The program, in a folder that nobody else may enter and that lives as long as it is held.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(super) fn new(
        python: PathBuf,
        modules: Vec<String>,
    ) -> std::io::Result<(Self, tempfile::TempDir)> {
        // The crate's own choice is what the umask leaves to others.
        let nobody_else = Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix("connector-").permissions(nobody_else).tempdir()?;
        std::fs::write(folder.path().join("bootstrap.py"), include_str!("bootstrap.py"))?;
        Ok((Self { python, modules, folder: folder.path().to_owned() }, folder))
    }

    /// Starts a process under a name of its own and waits until it serves.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) async fn start(&self, name: &str) -> Result<Worker, String> {
        let folder = &self.folder;
        let [socket, report] = ["sock", "json"].map(|end| folder.join(format!("{name}.{end}")));
        for file in [&socket, &report] {
            std::fs::remove_file(file).ok();
        }
        let mut child = self.command(&socket, &report).spawn().map_err(|error| {
            format!(
                "{} cannot be started: {error}; name the Python that has the official connectors \
                 with --python",
                self.python.display()
            )
        })?;
        let held = child.stdin.take();
        let printing = [
            logged(child.stdout.take(), name.to_owned()),
            logged(child.stderr.take(), name.to_owned()),
        ];
        let started = Instant::now();
        let mut is_said = false;
        let ended = loop {
            if let Ok(report) = std::fs::read(&report) {
                let failed = serde_json::from_slice(&report).unwrap_or_default();
                return Ok(Worker { child, _held: held, printing, socket, failed });
            }
            if let Ok(Some(status)) = child.try_wait() {
                break Some(status);
            }
            if started.elapsed() > STARTS_WITHIN {
                break None;
            }
            if started.elapsed() > SAID_AFTER && !is_said {
                is_said = true;
                let python = self.python.display();
                tracing::info!(
                    worker = name,
                    "{python} is still importing; up to {STARTS_WITHIN:?} are waited"
                );
            }
            sleep(LOOK).await;
        };
        child.start_kill().ok();
        let mut said = Vec::new();
        for printing in printing {
            said.extend(printing.await.unwrap_or_default());
        }
        let said = said.join("\n");
        Err(match ended {
            Some(status) => format!("a worker ended before it served ({status}):\n{said}"),
            None => format!("a worker did not serve within {STARTS_WITHIN:?}:\n{said}"),
        })
    }

    fn command(&self, socket: &Path, report: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg("-u")
            .arg(self.folder.join("bootstrap.py"))
            .args([socket, report])
            .args(&self.modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C and a group's SIGTERM are for us: calls under way are answered first.
            .process_group(0)
            .kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            // They are lent to linked connectors, for named hosts only.
            if text.starts_with(LENT[0]) && text.contains(LENT[1]) {
                command.env_remove(&name);
            }
        }
        command
    }
}

impl Worker {
    /// Completes when the process has ended: how, and what it said last.
    pub(super) async fn ended(&mut self) -> (Option<ExitStatus>, String) {
        let status = self.child.wait().await.ok();
        let mut said = Vec::new();
        for printing in &mut self.printing {
            said.extend(printing.await.unwrap_or_default());
        }
        (status, said.join("\n"))
    }

    /// Ends it at once, and completes when the process is gone.
    pub(super) async fn end(&mut self) {
        self.child.kill().await.ok();
    }
}

/// Logs what is printed, line by line; at the end the last lines.
fn logged(
    output: Option<impl AsyncRead + Unpin + Send + 'static>,
    name: String,
) -> JoinHandle<Vec<String>> {
    tokio::spawn(async move {
        let mut last = Vec::new();
        let Some(output) = output else { return last };
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            // A line without an end must not fill the memory.
            match (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return last,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            tracing::info!(worker = name, "{text}");
            if last.len() == LAST_LINES {
                last.remove(0);
            }
            last.push(text);
        }
    })
}
