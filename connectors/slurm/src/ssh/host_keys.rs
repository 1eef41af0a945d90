//! How the login node's own key is checked: against known hosts, which are told or in a file, or not at all.

use std::io;
use std::path::PathBuf;

use connector_core::prelude::*;
use russh::keys::{HashAlg, PublicKey};

use super::known_hosts::{KnownHosts, Trust};

/// More than any list of hosts has.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// Which keys a login node may have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HostKeys {
    /// Those of these lines.
    Told(String),
    /// Those in this file; without a name, those of the user that the service runs as.
    InFile(Option<String>),
    /// Any. Whoever can answer in the login node's place can then read and change all that is sent.
    Any,
}

impl HostKeys {
    /// The hosts, read anew: a file may have changed.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: the file cannot be read.
    pub(crate) fn read(&self) -> Result<Option<KnownHosts>> {
        match self {
            Self::Told(lines) => Ok(Some(KnownHosts::read(lines))),
            Self::InFile(path) => {
                let (path, named) = match path {
                    Some(path) => (PathBuf::from(path), true),
                    None => match std::env::home_dir() {
                        Some(home) => (home.join(".ssh/known_hosts"), false),
                        None => return Ok(Some(KnownHosts::read(""))),
                    },
                };
                match read_file(&path) {
                    Ok(lines) => Ok(Some(KnownHosts::read(&lines))),
                    // Without a file of the user's own no host is known, which is told with its key.
                    Err(_) if !named => Ok(Some(KnownHosts::read(""))),
                    Err(error) => Err(ConnectorError::unauthenticated(format!(
                        "the known hosts `{}` cannot be read: {error}. It is a file of the connector service; \
                         a task can name a secret instead, with `known_hosts_secret`",
                        path.display()
                    ))),
                }
            }
            Self::Any => Ok(None),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Told(_) => "the secret `known_hosts_data`".to_owned(),
            Self::InFile(Some(path)) => format!("`{path}`"),
            Self::InFile(None) => "`~/.ssh/known_hosts` of the connector service".to_owned(),
            Self::Any => "nothing".to_owned(),
        }
    }

    /// Why a key is not trusted, and what to do.
    pub(crate) fn refusal(&self, trust: Trust, host: &str, port: u16, key: &PublicKey) -> String {
        let shown = if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") };
        let print = key.fingerprint(HashAlg::Sha256);
        let kind = key.algorithm();
        let place = self.place();
        match trust {
            Trust::Revoked => format!(
                "the login node {shown} has shown a host key that {place} says is revoked ({kind} {print}): \
                 somebody may be answering in its place. Nothing was sent"
            ),
            Trust::Changed => format!(
                "the login node {shown} has shown another host key ({kind} {print}) than {place} has for it: \
                 somebody may be answering in its place, or it was installed anew. Nothing was sent. If the key \
                 is right, replace the host's line there"
            ),
            Trust::Unknown | Trust::Known => {
                let line = key.to_openssh().unwrap_or_default();
                format!(
                    "the login node {shown} is not among the known hosts, which are those of {place}. It has \
                     shown the host key {kind} {print}. If that is its own, put the line `{shown} {}` there, or \
                     into a secret that the task names with `known_hosts_secret`; the operator can also give a \
                     file with FLYTE_SLURM_KNOWN_HOSTS",
                    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
                )
            }
        }
    }
}

fn read_file(path: &std::path::Path) -> io::Result<String> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if about.len() > LARGEST_FILE {
        return Err(io::Error::other("it is too large"));
    }
    std::fs::read_to_string(path)
}
