//! `PgBouncer` before a PostgreSQL: what operators put there who have more clients than it takes connections.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Child;

use tempfile::TempDir;

use crate::PASSWORD;
use crate::engine::{
    Engine, TRIES, as_postgres, free_port, guarded, is_root, missing, own_by_postgres,
};

/// Debian's place for it is in the `PATH` of administrators only.
const DEBIAN: &str = "/usr/sbin";

/// A running `PgBouncer` that hands its few connections on after every transaction.
#[derive(Debug)]
pub struct Pooler {
    guard: Child,
    port: u16,
    _folder: TempDir,
}

impl Pooler {
    /// One before that PostgreSQL, with two connections to each of its databases; `None` where none is
    /// installed.
    ///
    /// # Panics
    /// It does not start, or none is there and this is CI.
    #[must_use]
    pub fn before(engine: &Engine) -> Option<Self> {
        Self::with(engine, "")
    }

    /// The same with further settings of its own, a line each.
    ///
    /// # Panics
    /// As [`Pooler::before`].
    #[must_use]
    pub fn with(engine: &Engine, further: &str) -> Option<Self> {
        let Some(program) = program() else {
            missing("PgBouncer", &format!("no `pgbouncer` in PATH or {DEBIAN}"));
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pooler-tests-").tempdir();
        let folder = folder.expect("a temporary folder");
        let users = folder.path().join("users");
        fs::write(&users, format!("\"postgres\" \"{PASSWORD}\"\n")).expect("a file of users");
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(&settings, "").expect("a file of settings");
        if is_root() {
            own_by_postgres(&[folder.path(), &users, &settings]);
        }
        let started = (0..TRIES).find_map(|_| {
            let port = free_port();
            let text = format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\n\
                 pool_mode = transaction\ndefault_pool_size = 2\nmin_pool_size = 2\n{further}\n",
                engine.port(),
                users.display(),
            );
            fs::write(&settings, text).expect("its settings");
            let mut command = as_postgres(&program);
            command.arg(&settings);
            guarded(GUARD, &settings, &command, "process up").ok().map(|guard| (guard, port))
        });
        let (guard, port) = started.expect("PgBouncer starts; the last lines are above");
        Some(Self { guard, port, _folder: folder })
    }

    /// The port it listens at, on this machine.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        drop(self.guard.wait());
    }
}

/// Ends it once nobody holds the other end of its input any more.
const GUARD: &str = "trap '' INT; \"$@\" & exec 2>&-; cat >/dev/null; kill $! && wait $!";

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from(DEBIAN)]);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
}
