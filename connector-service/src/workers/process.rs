//! One worker: a Python process with the official connectors in it, on a socket in a private folder.
//! `mod` starts it, watches it and starts another. What it prints is logged under our name.

use std::collections::{BTreeMap, VecDeque};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

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
/// How long they are waited for. What it has started may outlive it, and hold on to where both of them print.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long the path of a socket may be, in bytes, wherever this runs: Linux takes four more.
const LONGEST_PATH: usize = 103;
/// As long as the name of a socket is going to be.
const LONG_NAME: &str = "256-100000.sock";

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
    printing: [Printing; 2],
    pub(super) socket: PathBuf,
    /// Modules that could not be imported, and what Python said.
    pub(super) failed: BTreeMap<String, String>,
}

/// Why a worker does not serve.
#[derive(Debug)]
pub(super) struct NotStarted {
    pub(super) why: String,
    /// Whether another try would end alike: there is no such Python.
    pub(super) is_for_good: bool,
}

impl From<String> for NotStarted {
    /// It may start another time.
    fn from(why: String) -> Self {
        Self { why, is_for_good: false }
    }
}

impl Recipe {
    /// The program, in a folder that nobody else may enter and that lives as long as it is held.
    ///
    /// # Errors
    /// The folder cannot be made, or no socket can be in it.
    pub(super) fn new(
        python: PathBuf,
        modules: Vec<String>,
    ) -> std::io::Result<(Self, tempfile::TempDir)> {
        // The crate's own choice is what the umask leaves to others.
        let nobody_else = Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix("connector-").permissions(nobody_else).tempdir()?;
        takes_sockets(folder.path())?;
        Ok((Self { python, modules, folder: folder.path().to_owned() }, folder))
    }

    /// Starts a process under a name of its own and waits until it serves.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) async fn start(&self, name: &str) -> Result<Worker, NotStarted> {
        let folder = &self.folder;
        let [socket, report] = ["sock", "json"].map(|end| folder.join(format!("{name}.{end}")));
        for file in [&socket, &report] {
            std::fs::remove_file(file).ok();
        }
        // Each time: who tidies up a folder for temporary files takes what is old. And whole: another worker
        // may be about to read it.
        let (program, part) = (self.program(), folder.join(format!("{name}.part")));
        std::fs::write(&part, include_str!("bootstrap.py"))
            .and_then(|()| std::fs::rename(&part, &program))
            .map_err(|error| format!("{} cannot be written: {error}", program.display()))?;
        let mut child = self.command(&socket, &report).spawn().map_err(|error| {
            let why = format!(
                "{} cannot be started: {error}; name the Python that has the official connectors \
                 with --python",
                self.python.display()
            );
            NotStarted { why, is_for_good: error.kind() == ErrorKind::NotFound }
        })?;
        let held = child.stdin.take();
        let mut printing = [
            logged(child.stdout.take(), name.to_owned()),
            logged(child.stderr.take(), name.to_owned()),
        ];
        let started = Instant::now();
        let mut is_said = false;
        let ended = loop {
            if let Ok(said) = std::fs::read(&report) {
                std::fs::remove_file(&report).ok();
                let failed = serde_json::from_slice(&said).unwrap_or_default();
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
        std::fs::remove_file(&socket).ok();
        let said = last_lines(&mut printing).await;
        let why = match ended {
            Some(status) => format!("a worker ended before it served ({status}):\n{said}"),
            None => format!("a worker did not serve within {STARTS_WITHIN:?}:\n{said}"),
        };
        Err(NotStarted::from(why))
    }

    fn program(&self) -> PathBuf {
        self.folder.join("bootstrap.py")
    }

    fn command(&self, socket: &Path, report: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg("-u")
            .arg(self.program())
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
    /// Completes when the process has ended: how.
    pub(super) async fn ended(&mut self) -> Option<ExitStatus> {
        self.child.wait().await.ok()
    }

    /// What it said last. That may have to be waited for, see [`LAST_WORDS`].
    pub(super) async fn last_words(&mut self) -> String {
        last_lines(&mut self.printing).await
    }

    /// Ends it at once, and completes when the process is gone.
    pub(super) async fn end(&mut self) {
        self.child.kill().await.ok();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that is started again and again would fill the folder.
        std::fs::remove_file(&self.socket).ok();
    }
}

/// Whether a socket can be in that folder. Python would say only that it cannot bind.
fn takes_sockets(folder: &Path) -> std::io::Result<()> {
    if folder.join(LONG_NAME).as_os_str().len() <= LONGEST_PATH {
        return Ok(());
    }
    Err(std::io::Error::other(format!(
        "the path of a socket in {} would have more than {LONGEST_PATH} bytes; name a shorter folder in TMPDIR",
        folder.display()
    )))
}

/// What is printed at one place.
#[derive(Debug)]
struct Printing {
    reading: JoinHandle<()>,
    last: Arc<Mutex<VecDeque<String>>>,
}

/// The last lines of both places, once nothing more can come or has been waited for.
async fn last_lines(printing: &mut [Printing]) -> String {
    let mut said = Vec::new();
    for Printing { reading, last } in printing {
        timeout(LAST_WORDS, reading).await.ok();
        said.extend(last.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
    }
    said.join("\n")
}

/// Logs what is printed, line by line, and keeps the last lines.
fn logged(output: Option<impl AsyncRead + Unpin + Send + 'static>, name: String) -> Printing {
    let last = Arc::<Mutex<VecDeque<String>>>::default();
    let kept = Arc::clone(&last);
    let reading = tokio::spawn(async move {
        let Some(output) = output else { return };
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            // A line without an end must not fill the memory.
            match (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            tracing::info!(worker = name, "{text}");
            let mut last = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(text);
        }
    });
    Printing { reading, last }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::{NotStarted, Recipe, takes_sockets};

    #[test]
    fn a_folder_that_no_socket_can_be_in_is_told() {
        let folder = |length: usize| format!("/{}", "x".repeat(length - 1));
        assert!(takes_sockets(folder(87).as_ref()).is_ok());
        let why = takes_sockets(folder(88).as_ref()).unwrap_err().to_string();
        assert!(why.contains("TMPDIR"), "{why}");
    }

    #[tokio::test]
    async fn a_worker_that_ends_is_gone_whoever_it_has_started() {
        let own = tempfile::tempdir().unwrap();
        let (program, until) = (own.path().join("python"), own.path().join("until"));
        assert!(Command::new("mkfifo").arg(&until).status().unwrap().success());
        // It leaves somebody behind who holds what both of them print to, until the test ends.
        let script = format!("#!/bin/sh\necho last words\ncat '{}' &\nexit 3\n", until.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
        let (recipe, folder) = Recipe::new(program, Vec::new()).unwrap();
        let started = timeout(Duration::from_secs(60), recipe.start("1-1")).await;
        // Whoever waits for somebody who writes is let go.
        std::fs::OpenOptions::new().write(true).open(&until).unwrap();
        let NotStarted { why, is_for_good } = started.expect("it is gone").map(drop).unwrap_err();
        assert!(!is_for_good, "it may start another time");
        assert!(why.contains("exit status: 3") && why.ends_with("last words"), "{why}");
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "its program, and nothing of the worker");
    }

    #[tokio::test]
    async fn a_python_that_is_not_there_is_not_waited_for() {
        let (recipe, _folder) = Recipe::new("no-python-here".into(), Vec::new()).unwrap();
        let NotStarted { why, is_for_good } = recipe.start("1-1").await.map(drop).unwrap_err();
        assert!(is_for_good && why.contains("--python"), "{why}");
    }

    #[tokio::test]
    async fn who_tidies_up_takes_no_program_from_a_worker_that_is_started_again() {
        let own = tempfile::tempdir().unwrap();
        let program = own.path().join("python");
        std::fs::write(&program, "#!/bin/sh\ntest -s \"$2\" && echo it is there\nexit 3\n")
            .unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
        let (recipe, folder) = Recipe::new(program, Vec::new()).unwrap();
        for name in ["1-1", "1-2"] {
            let NotStarted { why, .. } = recipe.start(name).await.map(drop).unwrap_err();
            assert!(why.ends_with("it is there"), "{why}");
            std::fs::remove_file(folder.path().join("bootstrap.py")).unwrap();
        }
    }
}
