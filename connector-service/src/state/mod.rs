//! Where attempts and jobs are kept that must outlive the process: the flags, and the store they name.
//! `app` opens it for `serve`; `command` is what people ask of the same database.

pub(crate) mod command;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use connector_core::host::quantity;
use connector_state::{Address, Settings, Store, redacted};

use crate::exit::{Failure, NO_STATE};

/// What an environment variable says, if it is there and a text.
pub(crate) trait Variable: Fn(&str) -> Option<String> {}

impl<F: Fn(&str) -> Option<String>> Variable for F {}

/// How long a start waits for a database that it must have.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the state is kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct StateArgs {
    /// Where attempts and jobs are kept that must outlive this process: in a file for one replica, in
    /// PostgreSQL for any number. The password may come from PGPASSWORD or PGPASSFILE.
    #[arg(long, env = "CONNECTOR_STATE", hide_env_values = true, global = true)]
    #[arg(
        value_name = "memory|sqlite:PATH|postgres://USER@HOST/DATABASE",
        default_value = "memory"
    )]
    pub(crate) state: StateText,
}

/// How a server uses the state.
#[derive(Debug, Clone, Args)]
pub(crate) struct StateUse {
    #[command(flatten)]
    pub(crate) place: StateArgs,
    /// Refuse to start while the database of the state is not there; without this the server starts on its
    /// own memory and goes on looking for it.
    #[arg(long, env = "CONNECTOR_STATE_REQUIRED", value_name = "BOOL")]
    #[arg(num_args = 0..=1, require_equals = true, default_value_t, default_missing_value = "true")]
    state_required: bool,
    /// How long a replica that died keeps an attempt or a job from the others.
    #[arg(long, env = "CONNECTOR_STATE_LEASE_SECONDS", value_name = "SECONDS", value_parser = lease)]
    #[arg(default_value = "10")]
    state_lease_seconds: Duration,
    /// How long the database may take for one trip before the server goes on without it.
    #[arg(long, env = "CONNECTOR_STATE_TIMEOUT_SECONDS", value_name = "SECONDS", value_parser = time_out)]
    #[arg(default_value = "1")]
    state_timeout_seconds: Duration,
    /// Most connections to PostgreSQL.
    #[arg(long, env = "CONNECTOR_STATE_CONNECTIONS", value_name = "N", default_value = "4")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_000))]
    state_connections: u16,
}

fn lease(text: &str) -> Result<Duration, String> {
    match quantity::seconds(text)? {
        span if span < Duration::from_secs(1) => {
            Err("a lease of less than a second runs out by itself".to_owned())
        }
        span => Ok(span),
    }
}

fn time_out(text: &str) -> Result<Duration, String> {
    match quantity::seconds(text)? {
        span if span < Duration::from_millis(10) => {
            Err("no database answers within less than 10ms at all times".to_owned())
        }
        span => Ok(span),
    }
}

/// What `--state` says, which may have a password in it: read only once nothing repeats it any more.
#[derive(Clone)]
pub(crate) struct StateText(String);

impl fmt::Debug for StateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.0))
    }
}

impl FromStr for StateText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl StateArgs {
    /// The database that is named.
    ///
    /// # Errors
    /// The text names none, or a file it names cannot be read; without anything secret.
    pub(crate) fn address(&self, variable: impl Variable) -> Result<Address, String> {
        let Self { state: StateText(text) } = self;
        let shown = redacted(text);
        Address::parse(text, variable).map_err(|problem| format!("--state {shown}: {problem}"))
    }
}

impl StateUse {
    /// Opens the store, if there is to be one.
    ///
    /// # Errors
    /// It cannot be what the flags say; the database is not there and must be.
    pub(crate) async fn open(&self, variable: impl Variable) -> Result<Option<Store>, Failure> {
        let Some(settings) = self.settings(variable)? else {
            return Ok(None);
        };
        if self.state_required {
            return self.reach(settings).await.map(Some);
        }
        Ok(Some(Store::open(settings).await?))
    }

    /// Sees whether the database is there.
    ///
    /// # Errors
    /// As [`StateUse::open`], whether it must be there or not.
    pub(crate) async fn check(&self, variable: impl Variable) -> Result<(), String> {
        match self.settings(variable)? {
            Some(settings) => self.reach(settings).await.map(drop).map_err(|it| it.text),
            None => Ok(()),
        }
    }

    async fn reach(&self, settings: Settings) -> Result<Store, Failure> {
        let reached = Store::open_required(settings, PATIENCE).await;
        reached.map_err(|problem| Failure::new(NO_STATE, format!("--state: {problem}")))
    }

    fn settings(&self, variable: impl Variable) -> Result<Option<Settings>, String> {
        let address = self.place.address(variable)?;
        if address.is_memory() {
            return match self.state_required {
                true => Err("--state-required needs --state".to_owned()),
                false => Ok(None),
            };
        }
        Ok(Some(
            Settings::new(address)
                .lease(self.state_lease_seconds)
                .time_out(self.state_timeout_seconds)
                .connections(self.state_connections.into()),
        ))
    }
}
