//! One SSH connection: logging in, commands, files.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use connector_core::prelude::*;
use russh::client::{self, AuthResult, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, Preferred};
use russh_sftp::client::SftpSession;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::known_hosts::{KnownHosts, Trust};
use super::{HostKeys, Login};

/// How long reaching a login node and logging in may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a command may take.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
/// So often a silent peer is asked whether it is there; after three times it is taken to be gone.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How many commands run at once: OpenSSH's servers take ten by default.
const SESSIONS: usize = 8;
/// The most of what a command prints that is kept.
const MOST_OUTPUT: usize = 8 * 1024 * 1024;

/// A user's session on a login node.
pub(crate) struct Connection {
    handle: Handle<Verifier>,
    sessions: Semaphore,
    name: String,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.name).finish()
    }
}

/// What a command has printed, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `None` if it was ended from outside.
    pub(crate) code: Option<u32>,
}

impl Connection {
    /// Logs in.
    ///
    /// # Errors
    /// As [`super::Pool::connect`].
    pub(crate) async fn open(login: &Login) -> Result<Self> {
        let key = read_key(&login.key)?;
        let known = login.host_keys.read()?;
        let made = timeout(CONNECT_TIMEOUT, log_in(login, key, known)).await;
        let handle = made.unwrap_or_else(|_| {
            Err(ConnectorError::transient(format!(
                "logging in to {login:?} took longer than {} s",
                CONNECT_TIMEOUT.as_secs()
            )))
        })?;
        Ok(Self { handle, sessions: Semaphore::new(SESSIONS), name: format!("{login:?}") })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Runs a line in the user's shell.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: the connection has failed, or the command took too long. It may have run.
    pub(crate) async fn run(&self, line: &str) -> Result<Output> {
        let run = timeout(COMMAND_TIMEOUT, self.run_unbounded(line)).await;
        let run = run.map_err(|_| {
            let limit = COMMAND_TIMEOUT.as_secs();
            ConnectorError::transient(format!(
                "`{line}` took longer than {limit} s on {}",
                self.name
            ))
        })?;
        run.map_err(|error| self.failed(&format!("`{line}`"), error))
    }

    async fn run_unbounded(&self, line: &str) -> Result<Output, russh::Error> {
        // Never closed.
        let _permit = self.sessions.acquire().await.map_err(|_| russh::Error::Disconnect)?;
        let mut channel = self.handle.channel_open_session().await?;
        channel.exec(true, line).await?;
        let (mut stdout, mut stderr, mut code, mut ended) = (Vec::new(), Vec::new(), None, false);
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => keep(&mut stdout, &data),
                ChannelMsg::ExtendedData { data, ext: 1 } => keep(&mut stderr, &data),
                ChannelMsg::ExitStatus { exit_status } => (code, ended) = (Some(exit_status), true),
                ChannelMsg::ExitSignal { .. } => ended = true,
                ChannelMsg::Failure => return Err(russh::Error::RequestDenied),
                _ => {}
            }
        }
        // A connection that breaks closes its channels, too.
        if !ended && self.handle.is_closed() {
            return Err(russh::Error::Disconnect);
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Output { stdout: text(stdout), stderr: text(stderr), code })
    }

    /// Opens the way for files.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: the connection has failed. [`ErrorKind::Permanent`]: the login node offers
    /// no SFTP.
    pub(crate) async fn files(&self) -> Result<SftpSession> {
        let opened = timeout(COMMAND_TIMEOUT, async {
            let channel = self.handle.channel_open_session().await?;
            channel.request_subsystem(true, "sftp").await?;
            Ok::<_, russh::Error>(channel.into_stream())
        });
        let stream = opened.await.map_err(|_| self.late("opening SFTP"))?;
        let stream = stream.map_err(|error| self.failed("opening SFTP", error))?;
        let session = timeout(COMMAND_TIMEOUT, SftpSession::new(stream)).await;
        session.map_err(|_| self.late("opening SFTP"))?.map_err(|error| {
            let message = format!(
                "{} offers no SFTP, by which scripts are brought there: {error}",
                self.name
            );
            if self.is_closed() {
                ConnectorError::transient(message)
            } else {
                ConnectorError::permanent(message)
            }
        })
    }

    fn late(&self, what: &str) -> ConnectorError {
        let limit = COMMAND_TIMEOUT.as_secs();
        ConnectorError::transient(format!("{what} took longer than {limit} s on {}", self.name))
    }

    fn failed(&self, what: &str, error: russh::Error) -> ConnectorError {
        let message = format!("{what} has failed on {}: {error}", self.name);
        ConnectorError::transient(message).with_source(error)
    }
}

fn keep(kept: &mut Vec<u8>, more: &[u8]) {
    let room = MOST_OUTPUT.saturating_sub(kept.len());
    kept.extend(more.iter().take(room));
}

/// The private key. Nothing of what stands in it is repeated.
fn read_key(text: &str) -> Result<PrivateKey> {
    let key = russh::keys::decode_secret_key(text, None);
    let key = key.ok().filter(|key| !key.is_encrypted());
    key.ok_or_else(|| {
        ConnectorError::unauthenticated(
            "the secret `ssh_private_key` is no private key that can be used: it must be the text of a key file \
             in OpenSSH's or PEM form, with its first and last line, and without a passphrase",
        )
    })
}

async fn log_in(
    login: &Login,
    key: PrivateKey,
    known: Option<KnownHosts>,
) -> Result<Handle<Verifier>> {
    let mut preferred = Preferred::DEFAULT;
    let algorithms = known.as_ref().map(|known| known.algorithms(&login.host, login.port));
    let wanted = preferred_keys(&preferred.key, &algorithms.unwrap_or_default());
    preferred.key = wanted.into();
    let config = client::Config {
        preferred,
        keepalive_interval: Some(KEEPALIVE),
        nodelay: true,
        ..client::Config::default()
    };
    let verifier = Verifier {
        known,
        host_keys: login.host_keys.clone(),
        host: login.host.clone(),
        port: login.port,
    };
    let address = (login.host.as_str(), login.port);
    let handle = client::connect(Arc::new(config), address, verifier).await;
    let mut handle = handle.map_err(|error| match error {
        Refused::Host(why) => ConnectorError::unauthenticated(why),
        Refused::Other(error) => {
            ConnectorError::transient(format!("{login:?} is not reached: {error}"))
                .with_source(error)
        }
    })?;
    let lost = |error: russh::Error| {
        ConnectorError::transient(format!("logging in to {login:?} has failed: {error}"))
            .with_source(error)
    };
    let hash = match key.algorithm() {
        Algorithm::Rsa { .. } => {
            handle.best_supported_rsa_hash().await.map_err(lost)?.unwrap_or(Some(HashAlg::Sha256))
        }
        _ => None,
    };
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
    match handle.authenticate_publickey(&login.username, key).await.map_err(lost)? {
        AuthResult::Success => Ok(handle),
        AuthResult::Failure { partial_success, .. } => {
            let more = if partial_success {
                "; it takes the key and asks for something else as well, which the connector cannot give"
            } else {
                ". Put the key's public half into the user's `~/.ssh/authorized_keys` there, or name the right \
                 secret with `ssh_private_key`"
            };
            Err(ConnectorError::unauthenticated(format!(
                "the login node does not let {login:?} in with the key it was shown{more}"
            )))
        }
    }
}

/// Those kinds of host keys first that the host is known by: it may have others, too.
fn preferred_keys(all: &[Algorithm], known: &[Algorithm]) -> Vec<Algorithm> {
    let is_known = |kind: &Algorithm| {
        known.iter().any(|known| match (known, kind) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
            (known, kind) => known == kind,
        })
    };
    let (first, rest): (Vec<_>, Vec<_>) = all.iter().cloned().partition(is_known);
    first.into_iter().chain(rest).collect()
}

/// Looks at the host's key.
pub(crate) struct Verifier {
    known: Option<KnownHosts>,
    host_keys: HostKeys,
    host: String,
    port: u16,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The host is not the one that is known.
    Host(String),
    Other(russh::Error),
}

impl From<russh::Error> for Refused {
    fn from(error: russh::Error) -> Self {
        Self::Other(error)
    }
}

impl client::Handler for Verifier {
    type Error = Refused;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Refused> {
        let Some(known) = &self.known else { return Ok(true) };
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Err(Refused::Host(
                "the login node has shown a certificate, unasked".to_owned(),
            ));
        };
        match known.trust(&self.host, self.port, key) {
            Trust::Known => Ok(true),
            trust => Err(Refused::Host(self.host_keys.refusal(trust, &self.host, self.port, key))),
        }
    }
}
