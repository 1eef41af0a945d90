//! The reader's terminal: the folder and the variables of one block go on in the next, and a server runs beside.
//! The walk opens one for each page; a server ends with its page, or when the page starts another.
//! Which commands there are, and what they should print, stands in the pages.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use crate::program::Program;
use crate::project::Folder;

/// Where pages say that their servers listen.
const PORT: &str = "8000";
const METRICS_PORT: &str = "9090";

/// A release build is tried here, not measured, so that it takes what is compiled. The two profiles cannot share a
/// folder: to each of them all that the other compiled for build scripts and macros seems changed.
const CARGO: &str = r#"cargo() {
    for word; do
        shift
        if [ "$word" = --release ]; then word=--profile=dev; fi
        set -- "$@" "$word"
    done
    command cargo "$@"
}"#;

/// Ports of this machine in place of those that pages name.
#[derive(Debug)]
pub(crate) struct Ports {
    port: u16,
    metrics: u16,
}

impl Ports {
    /// Two that nobody listens on at this moment.
    pub(crate) fn free() -> Self {
        // Both are held until both are known, or they might be the same one.
        let listeners = [(); 2].map(|()| TcpListener::bind("localhost:0").expect("a free port"));
        let [port, metrics] =
            listeners.map(|listener| listener.local_addr().expect("an address").port());
        Self { port, metrics }
    }

    /// The page with these ports.
    pub(crate) fn put_into(&self, page: &str) -> String {
        page.replace(PORT, &self.port.to_string()).replace(METRICS_PORT, &self.metrics.to_string())
    }
}

/// A terminal in a folder.
pub(crate) struct Terminal<'a> {
    folder: &'a Folder,
    ports: &'a Ports,
    variables: Vec<(String, OsString)>,
    server: Option<Program>,
}

impl<'a> Terminal<'a> {
    /// Opens one in a place of the folder, without the variables of the last one.
    pub(crate) fn open(
        folder: &'a Folder,
        place: &str,
        ports: &'a Ports,
        variables: Vec<(String, OsString)>,
    ) -> Self {
        let terminal = Self { folder, ports, variables, server: None };
        fs::write(terminal.file("variables"), "").expect("a file for the variables");
        let place = folder.path().join(place).display().to_string();
        fs::write(terminal.file("place"), place).expect("a file for the place");
        terminal
    }

    /// The folder the reader is in.
    pub(crate) fn place(&self) -> PathBuf {
        let place = fs::read_to_string(self.file("place")).expect("the place");
        PathBuf::from(place.trim_end())
    }

    /// Types commands; answers whether all of them succeeded, and what they printed.
    pub(crate) fn types(&self, commands: &str) -> (bool, String) {
        let (place, variables) = (self.file("place"), self.file("variables"));
        let (place, variables) = (place.display(), variables.display());
        let mut shell =
            self.shell(&format!("{commands}\npwd > '{place}'\nexport -p > '{variables}'\n"));
        let success = shell.end().success();
        (success, shell.printed().to_owned())
    }

    /// Types commands of which the last one serves, and waits until it does.
    pub(crate) fn serves(&mut self, commands: &str) {
        // The one before has the same ports.
        drop(self.server.take());
        let mut server = self.shell(commands);
        server.serves(self.ports.port);
        self.server = Some(server);
    }

    /// The server that was started last.
    pub(crate) fn server(&mut self) -> Option<&mut Program> {
        self.server.as_mut()
    }

    fn shell(&self, commands: &str) -> Program {
        let mut shell = Command::new("sh");
        self.folder.prepare(&mut shell);
        shell.env("CONNECTOR_PORT", self.ports.port.to_string());
        shell.env("CONNECTOR_PROMETHEUS_PORT", self.ports.metrics.to_string());
        // Not even a machine behind a proxy asks one for itself.
        shell.env("NO_PROXY", "localhost").env("no_proxy", "localhost");
        shell.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let variables = self.file("variables");
        shell.arg("-ec").arg(format!("{CARGO}\n. '{}'\n{commands}", variables.display()));
        shell.current_dir(self.place());
        Program::start(shell)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!(".terminal-{name}"))
    }
}
