//! Connections to PostgreSQL: how they are made, and why they are not.
//! `pool` opens one per statement, and shares one per server and role for everything else.
//! No SQL here: that is `ledger`'s.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use connector_core::prelude::*;
use connector_postgres_tls::{SslMode, Tls, refusal};
use tokio_postgres::{Client, Config, Error};

use crate::config::House;
use crate::notices::{self, Notices};
use crate::place::Place;
use crate::sqlstate::failed;

/// How long PostgreSQL may take to answer the door, and what is sent to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(5);
/// When a silent connection is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// What polls and cancels may take: none of them waits for anything but a row's end being written.
const BRIEF: &str = "-c statement_timeout=10s -c lock_timeout=5s";
/// How long authorities that were read count, so that a file that is replaced is read again.
const TRUSTED_FOR: Duration = Duration::from_secs(60);

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use<'a> {
    /// To carry out the statement of that job.
    Statement(&'a str),
    /// Polls and cancels.
    Brief,
}

/// Opens connections.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) house: House,
    tls: Mutex<HashMap<SslMode, (Instant, Tls)>>,
}

impl Door {
    pub(crate) fn new(house: House) -> Self {
        Self { house, tls: Mutex::default() }
    }

    /// Opens a connection, and what PostgreSQL remarks on it.
    ///
    /// # Errors
    /// PostgreSQL cannot be reached, or refuses, or is not who it should be; the operator's password is not
    /// for this host.
    pub(crate) async fn open(
        &self,
        place: &Place,
        password: &Secret,
        what_for: Use<'_>,
    ) -> Result<(Client, Notices)> {
        let mode = place.check(&self.house)?;
        let mut config = Config::new();
        config
            .host(&place.host)
            .port(place.port)
            .dbname(&place.database)
            .user(&place.user)
            // With the port, as the operator may have bound the password to one.
            .password(password.expose_for(&place.address())?)
            .ssl_mode(mode.of_driver())
            .connect_timeout(PATIENCE)
            .tcp_user_timeout(PATIENCE)
            .keepalives_idle(KEEPALIVE);
        match what_for {
            Use::Statement(job) => config.application_name(job),
            Use::Brief => config.application_name("flyte").options(BRIEF),
        };
        let connecting = config.connect(self.tls(mode)?);
        // The driver's own limit is for each address, and ends before the password is checked.
        let connected =
            tokio::time::timeout(PATIENCE * 2, connecting).await.map_err(|_elapsed| {
                ConnectorError::transient(format!("cannot connect to {place}: no answer"))
            })?;
        let (client, connection) = connected.map_err(|error| refused(error, place, what_for))?;
        let notices = Notices::default();
        // It ends with the client. What breaks it also breaks the call that waits for an answer.
        tokio::spawn(notices::drive(connection, notices.clone()));
        Ok((client, notices))
    }

    fn tls(&self, mode: SslMode) -> Result<Tls> {
        let mut known = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&mode) {
            Some((read, tls)) if read.elapsed() < TRUSTED_FOR => Ok(tls.clone()),
            _ => {
                let tls = Tls::new(mode, self.house.authorities.as_deref());
                let tls = tls.map_err(ConnectorError::permanent)?;
                known.insert(mode, (Instant::now(), tls.clone()));
                Ok(tls)
            }
        }
    }
}

fn refused(error: Error, place: &Place, what_for: Use<'_>) -> ConnectorError {
    let doing = format!("cannot connect to {place}");
    match (refusal(&error), what_for) {
        // A job that runs is not given up because a certificate has run out meanwhile.
        (Some(why), Use::Brief) => ConnectorError::transient(format!("{doing}: {why}")),
        (Some(why), Use::Statement(_)) => ConnectorError::permanent(format!("{doing}: {why}")),
        (None, _) => failed(&doing)(error),
    }
}
