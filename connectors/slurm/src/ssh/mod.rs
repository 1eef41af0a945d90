//! The way to a login node: kept SSH connections, commands, files. Nothing here knows Slurm.

mod connection;
mod host_keys;
mod known_hosts;
mod pool;

pub(crate) use connection::{COMMAND_TIMEOUT, Connection, Output};
pub(crate) use host_keys::HostKeys;
pub(crate) use pool::Pool;

/// Where to log in, and as whom.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) username: String,
    /// The private key, as its owner wrote it down.
    pub(crate) key: String,
    pub(crate) host_keys: HostKeys,
}

// Without the key.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}:{}", self.username, self.host, self.port)
    }
}

impl Login {
    /// The text without what the private key is made of, should the other side have quoted it.
    pub(crate) fn hide_key(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for line in self.key.lines().map(str::trim).filter(|line| line.len() >= 8) {
            if !line.starts_with("-----") && text.contains(line) {
                text = text.replace(line, "***");
            }
        }
        text
    }
}
