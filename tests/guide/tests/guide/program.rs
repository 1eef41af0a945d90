//! One program that runs as a terminal runs it: what it prints in one stream, and everything it starts ends with it.
//! The terminal starts one for each block; when a program is dropped, it is stopped.
//! What is typed, and what should come of it, is not known here.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a block of commands may take: a first release build on a small machine is the longest.
const LIMIT: Duration = Duration::from_secs(900);
/// How long a server may take to stop once it is told to.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How long to listen to a program's output before looking at its port again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A running program with all that it started.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    printed: String,
    gone: bool,
}

impl Program {
    pub(crate) fn start(mut command: Command) -> Self {
        let (output, input) = std::io::pipe().expect("a pipe");
        let errors = input.try_clone().expect("the pipe once more");
        // A group of its own, so that a signal reaches what a shell or cargo started.
        command.stdin(Stdio::null()).stdout(input).stderr(errors).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
        // The command keeps the writing ends; without it the stream ends with the programs.
        drop(command);
        Self { child, lines, printed: String::new(), gone: false }
    }

    /// What it has printed, as far as anybody has waited for it.
    pub(crate) fn printed(&self) -> &str {
        &self.printed
    }

    /// Waits for its end, and says how it ended.
    pub(crate) fn end(&mut self) -> ExitStatus {
        assert!(self.listen_until(LIMIT, |_| false), "this does not end:\n{}", self.printed);
        self.child.wait().expect("the status of a program that ended")
    }

    /// Waits until somebody listens on a port of this machine.
    pub(crate) fn serves(&mut self, port: u16) {
        let open = |_: &str| TcpStream::connect(("localhost", port)).is_ok();
        self.listen_until(LIMIT, open);
        assert!(open(""), "nobody listens on port {port}; printed was:\n{}", self.printed);
    }

    /// Waits until what it printed is enough, if it ever is.
    pub(crate) fn prints(&mut self, enough: impl Fn(&str) -> bool) -> bool {
        self.listen_until(STOP_LIMIT, &enough);
        enough(&self.printed)
    }

    /// Whether the program ended, or printed enough, within the limit.
    fn listen_until(&mut self, limit: Duration, enough: impl Fn(&str) -> bool) -> bool {
        let limit = Instant::now() + limit;
        while !self.gone && !enough(&self.printed) {
            if Instant::now() > limit {
                return false;
            }
            match self.lines.recv_timeout(LOOK_AGAIN) {
                Ok(line) => self.printed.extend([line.as_str(), "\n"]),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.gone = true,
            }
        }
        true
    }

    /// Sends a signal to the program and to all that it started.
    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} -{}", self.child.id());
        // Fails only for programs that are gone.
        drop(Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.gone {
            self.signal("TERM");
            if !self.listen_until(STOP_LIMIT, |_| false) {
                self.signal("KILL");
            }
        }
        drop(self.child.wait());
    }
}
