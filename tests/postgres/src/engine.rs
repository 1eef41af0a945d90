//! A PostgreSQL of the tests' own: made in a temporary folder, on a free port, gone with the last test.
//! Tests make databases in it, and those that need one of their own may stop it as a crash does, and start it
//! again with its data.

use std::env;
use std::fs::{self, Permissions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use tempfile::TempDir;

use crate::authority::Certificate;

/// The password of every role.
pub const PASSWORD: &str = "hunter2, correct horse";
/// Where Debian puts what it does not put into `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Between finding a free port and listening on it another process may take it.
pub(crate) const TRIES: u32 = 5;

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Engine {
    /// The shells that see to its end: one for each start.
    guards: Mutex<Vec<Child>>,
    programs: PathBuf,
    port: u16,
    /// What it is started with beside its port and its data.
    options: Vec<String>,
    /// Removed with this, once the process is gone.
    folder: TempDir,
}

impl Engine {
    /// The PostgreSQL of all tests that run at this moment; `None` where none is installed.
    ///
    /// # Panics
    /// It does not start, or none is there and this is CI.
    #[must_use]
    pub fn shared() -> Option<Arc<Self>> {
        static RUNNING: Mutex<Weak<Engine>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = running.upgrade() {
            return Some(engine);
        }
        let engine = Arc::new(Self::own()?);
        *running = Arc::downgrade(&engine);
        Some(engine)
    }

    /// One for a single test; `None` where none is installed.
    ///
    /// # Panics
    /// It does not start, or none is there and this is CI.
    #[must_use]
    pub fn own() -> Option<Self> {
        Some(Self::start(found()?, |_| Vec::new()))
    }

    /// One for a single test that speaks TLS with that certificate; `None` where none is installed.
    ///
    /// # Panics
    /// It does not start, or none is there and this is CI.
    #[must_use]
    pub fn encrypted(certificate: &Certificate) -> Option<Self> {
        Some(Self::start(found()?, |folder| {
            let files = [("server.crt", &certificate.chain), ("server.key", &certificate.key)];
            let options = files.map(|(name, pem)| {
                let file = folder.join(name);
                fs::write(&file, pem).expect("a file of the certificate");
                // It takes no key that others may read.
                fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("its own");
                if is_root() {
                    own_by_postgres(&[&file]);
                }
                let setting = if name.ends_with("crt") { "ssl_cert_file" } else { "ssl_key_file" };
                format!("{setting}={}", file.display())
            });
            ["ssl=on".to_owned()].into_iter().chain(options).collect()
        }))
    }

    /// The port it listens at, on this machine.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends it with all of its processes at once, as a crash does. Its data stays.
    ///
    /// # Panics
    /// It does not end.
    pub fn crash(&self) {
        let data = self.data();
        succeeds(
            as_postgres(&self.programs.join("pg_ctl"))
                .args(["stop", "--mode=immediate", "--silent", "--pgdata"])
                .arg(data),
        );
    }

    /// Starts it again after [`Engine::crash`], at the same port with the same data.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_again(&self) {
        let program = self.programs.join("postgres");
        let tried =
            (0..TRIES).find_map(|_| listen(&program, &self.data(), self.port, &self.options).ok());
        let guard = tried.expect("PostgreSQL starts again; the last lines are above");
        self.guards.lock().unwrap_or_else(PoisonError::into_inner).push(guard);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `options` gets the folder, and answers settings.
    fn start(programs: PathBuf, options: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("postgres-tests-").tempdir();
        let folder = folder.expect("a temporary folder");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file with the password");
        if is_root() {
            own_by_postgres(&[folder.path(), &password]);
        }
        let options = options(folder.path());
        let data = folder.path().join("data");
        // In clear, within this machine: what SCRAM computes takes an unoptimized build long.
        succeeds(
            as_postgres(&programs.join("initdb"))
                .args(["--no-sync", "--locale=C", "--encoding=UTF8", "--username=postgres"])
                .args(["--auth=password", "--pwfile"])
                .arg(&password)
                .arg("--pgdata")
                .arg(&data),
        );
        let program = programs.join("postgres");
        let tried = (0..TRIES).find_map(|_| {
            let port = free_port();
            listen(&program, &data, port, &options).ok().map(|guard| (guard, port))
        });
        let (guard, port) = tried.expect("PostgreSQL starts; the last lines are above");
        Self { guards: Mutex::new(vec![guard]), programs, port, options, folder }
    }
}

/// Says that this is not installed, and so not tested.
///
/// # Panics
/// This is CI, where it must be there.
pub(crate) fn missing(what: &str, why: &str) {
    let ci = env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "this is a CI run, which must not go without {what}: {why}");
    // Past the test runner, which would hide it.
    writeln!(io::stderr(), "skipped: {what}: {why}").expect("standard error");
}

/// Has files belong to the user that PostgreSQL runs as.
pub(crate) fn own_by_postgres(files: &[&Path]) {
    succeeds(Command::new("chown").arg("postgres").args(files));
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Starts PostgreSQL and waits until it says that it is ready.
fn listen(program: &Path, data: &Path, port: u16, options: &[String]) -> Result<Child, String> {
    let mut command = as_postgres(program);
    command
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string()])
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
        .args(["-c", "fsync=off", "-c", "max_connections=200", "-c", "logging_collector=off"]);
    for option in options {
        command.args(["-c", option]);
    }
    guarded(GUARD, data, &command, "ready to accept connections")
}

/// Ends PostgreSQL once nobody holds the other end of its input any more, and removes its folder, so
/// that neither outlives tests that were killed. SIGQUIT is "at once, with all of your processes".
const GUARD: &str = "trap '' INT; \"$@\" & exec 2>&-; cat >/dev/null; \
    kill -QUIT $! && { wait $!; rm -rf \"$0\"; }";

/// Runs a server below a shell with that script, which ends it once nobody holds the other end of its input any
/// more and finds `name` in `$0`; waits until the server says those words. An error is what it said instead.
pub(crate) fn guarded(
    script: &str,
    name: &Path,
    server: &Command,
    words: &str,
) -> Result<Child, String> {
    let mut process = Command::new("sh")
        .args(["-c", script])
        .arg(name)
        .arg(server.get_program())
        .args(server.get_args())
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut lines = BufReader::new(process.stderr.take().expect("its log")).lines();
    let mut said = Vec::new();
    while let Some(Ok(line)) = lines.next() {
        if line.contains(words) {
            // Nobody may leave it with a full pipe.
            thread::spawn(move || lines.for_each(drop));
            return Ok(process);
        }
        said.push(line);
    }
    drop(process.stdin.take());
    let end = process.wait();
    let said = format!("{end:?}: {}", said.join("\n"));
    writeln!(io::stderr(), "{said}").expect("standard error");
    Err(said)
}

impl Drop for Engine {
    fn drop(&mut self) {
        let guards = self.guards.get_mut().unwrap_or_else(PoisonError::into_inner);
        for guard in guards {
            drop(guard.stdin.take());
            drop(guard.wait());
        }
    }
}

/// The folder with the programs; `None`, which is told, where there is none.
fn found() -> Option<PathBuf> {
    let found = programs();
    if found.is_none() {
        missing("PostgreSQL", &format!("no `initdb` and `postgres` in PATH or {DEBIAN}"));
    }
    found
}

/// The folder with the programs, of the newest version if there are several.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, path)| path.join("bin")));
    let has = |folder: &PathBuf, program: &str| folder.join(program).is_file();
    folders.into_iter().find(|folder| has(folder, "initdb") && has(folder, "postgres"))
}

/// PostgreSQL refuses to run as root.
pub(crate) fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.env("LC_ALL", "C").current_dir("/");
    command
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("`id` runs");
    id.stdout.trim_ascii() == b"0"
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
}
