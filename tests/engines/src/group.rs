//! The processes of an engine: started in a group and a folder of their own, and all ended together, also
//! when the tests are killed.
//!
//! Engines start what they run in groups and sessions of their own, so an engine's processes are known by a
//! variable that all of them inherit. What a job must not leave behind while the engine runs is asked in
//! `left`.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Names the engine's folder in the environment of each of its processes.
const MARK: &str = "ENGINE_TESTS_FOLDER";

/// Ends what carries the mark once nobody holds the other end of its input any more. Its first lines are the
/// mark, the folder, and `remove` where that goes, too: on a command line they would be found as a job's. A process
/// that writes a title over its environment is known by the folder in its command line (sshd), or by where it works
/// (Airflow).
const GUARD: &str = "trap '' INT TERM HUP; read -r mark; read -r folder; read -r end; cat >/dev/null; \
    marked() { echo \"$mark\" | grep -lsFf - /proc/[0-9]*/environ; \
      echo \"$folder/\" | grep -lsFf - /proc/[0-9]*/cmdline; \
      find /proc -maxdepth 2 -name cwd -lname \"$folder*\" 2>/dev/null; }; tries=0; \
    while all=$(marked); [ -n \"$all\" ] && [ $tries -lt 100 ]; do \
      for one in $all; do one=${one#/proc/}; kill -KILL \"${one%/*}\" 2>/dev/null; done; \
      tries=$((tries + 1)); sleep 0.1; \
    done; [ \"$end\" = remove ] && rm -rf \"$folder\"";

/// A folder for an engine, and the processes that run in it.
#[derive(Debug)]
pub struct Group {
    /// Sees to their end.
    guard: Child,
    started: Mutex<Vec<Child>>,
    folder: TempDir,
}

impl Group {
    /// An empty one, in a temporary folder with that word in its name.
    ///
    /// # Panics
    /// There is no temporary folder, or no shell.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir();
        let folder = folder.expect("a temporary folder");
        let guard = guard(folder.path(), "remove");
        Self { guard, started: Mutex::default(), folder }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a process in the folder, in a group of its own. What it prints goes into the file `NAME.log` there.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn start(&self, name: &str, command: &Command) {
        let log = self.log(name);
        let log = File::options().create(true).append(true).open(log).expect("a log");
        // Through setsid, so that no signal to the tests' group reaches it.
        let mut own = Command::new("setsid");
        own.arg(command.get_program()).args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => own.env(variable, value),
                None => own.env_remove(variable),
            };
        }
        let started = own
            .env(MARK, self.folder())
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log)
            .spawn();
        self.started().push(started.unwrap_or_else(|error| panic!("{name}: {error}")));
    }

    /// The log of what was started under that name.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder().join(format!("{name}.log"))
    }

    /// The last 4 kB of that log, for the message of a test that fails.
    #[must_use]
    pub fn said(&self, name: &str) -> String {
        let mut said = Vec::new();
        let read = File::open(self.log(name)).and_then(|mut log| log.read_to_end(&mut said));
        match read {
            Ok(all) => String::from_utf8_lossy(&said[all.saturating_sub(4096)..]).into_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Waits until the engine is ready, for which what was started last has to run.
    ///
    /// # Panics
    /// It ended, or is not ready within that time; with the last lines of those logs.
    pub async fn ready(&self, within: Duration, logs: &[&str], mut is: impl AsyncFnMut() -> bool) {
        let begun = Instant::now();
        while !is().await {
            let said = || logs.iter().map(|name| format!("{name}: {}\n", self.said(name)));
            let goes_on = self.runs() && begun.elapsed() < within;
            assert!(goes_on, "not ready:\n{}", said().collect::<String>());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn runs(&self) -> bool {
        self.started().last_mut().is_some_and(|last| matches!(last.try_wait(), Ok(None)))
    }

    /// The number of the process that was started last.
    ///
    /// # Panics
    /// None was.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.started().last().expect("a process").id()
    }

    /// Kills every process, as a machine that fails does. The folder stays.
    ///
    /// # Panics
    /// There is no shell.
    pub fn kill(&self) {
        let mut killer = guard(self.folder.path(), "keep");
        drop(killer.stdin.take());
        drop(killer.wait());
        for mut process in self.started().drain(..) {
            // Mostly it is gone; nobody shall wait for it otherwise.
            drop(process.kill());
            drop(process.wait());
        }
    }

    fn started(&self) -> MutexGuard<'_, Vec<Child>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn guard(folder: &Path, end: &str) -> Child {
    let mut shell = Command::new("setsid")
        .args(["sh", "-c", GUARD])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let folder = folder.display();
    let told = format!("{MARK}={folder}\n{folder}\n{end}\n");
    shell.stdin.as_mut().expect("a pipe").write_all(told.as_bytes()).expect("it reads");
    shell
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        drop(self.guard.stdin.take());
        drop(self.guard.wait());
        drop(fs::remove_dir_all(self.folder.path()));
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Group;
    use crate::left::marked;

    #[test]
    fn a_session_that_left_its_parent_ends_too() {
        let group = Group::new("group-test");
        let folder = group.folder().to_path_buf();
        let mark = folder.display().to_string();
        // The parent ends at once, so that the child belongs to nobody any more.
        let mut command = Command::new("sh");
        command.args(["-c", "setsid sleep 600 & echo started $VARIABLE"]).env("VARIABLE", "so");
        group.start("orphan", &command);
        while !group.said("orphan").contains("started so") || marked(&mark).is_empty() {
            std::thread::yield_now();
        }
        group.kill();
        assert_eq!(marked(&mark), Vec::<String>::new());
        assert!(folder.exists(), "its files are there for the next start");
        drop(group);
        assert!(!folder.exists());
    }

    /// Starts a process without an environment that reads the file of that path, and ends the group.
    fn ends_what_reads(group: &Group, path: &str) {
        let mut command = Command::new("sh");
        command.args(["-c", "setsid env -i tail -f \"$0\" & echo started $VARIABLE", path]);
        group.start("hidden", command.env("VARIABLE", "so"));
        let tails = || {
            let output = Command::new("pgrep").args(["-xf", &format!("tail -f {path}")]).output();
            output.expect("pgrep").stdout
        };
        while tails().is_empty() {
            std::thread::yield_now();
        }
        group.kill();
        assert_eq!(tails(), Vec::<u8>::new());
    }

    #[test]
    fn what_hides_its_environment_is_known_by_its_command_line() {
        let group = Group::new("group-test");
        let log = group.log("hidden").display().to_string();
        ends_what_reads(&group, &log);
    }

    #[test]
    fn what_hides_both_is_known_by_the_folder_it_works_in() {
        ends_what_reads(&Group::new("group-test"), "./hidden.log");
    }
}
