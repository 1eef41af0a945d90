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
const BRIEF: &str = "-c statement_timeout=10s -c lock_timeout=5s -c flyte.direct=yes";
/// What every session has that is this client's own. A pooler refuses it, or leaves it out.
const DIRECT: &str = "-c flyte.direct=yes";
const IS_DIRECT: &str = "SELECT current_setting('flyte.direct', true) = 'yes'";
const POOLER: &str = "a pooler such as PgBouncer stands between this service and PostgreSQL, which is not supported: \
    it hands sessions on, and a statement here belongs to its session from the claim to the cancel. Give PostgreSQL's \
    own host and port";
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
            Use::Statement(job) => config.application_name(job).options(DIRECT),
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
        let asked = client.query_typed_one(IS_DIRECT, &[]).await;
        let is_direct = asked.and_then(|row| row.try_get::<_, Option<bool>>(0));
        match is_direct.map_err(failed(&format!("cannot connect to {place}")))? {
            Some(true) => Ok((client, notices)),
            _ => Err(pooled(place, what_for)),
        }
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

fn pooled(place: &Place, what_for: Use<'_>) -> ConnectorError {
    let text = format!("cannot connect to {place}: {POOLER}");
    match what_for {
        // It may have been put there while a job runs.
        Use::Brief => ConnectorError::transient(text),
        Use::Statement(_) => ConnectorError::permanent(text),
    }
}

fn refused(error: Error, place: &Place, what_for: Use<'_>) -> ConnectorError {
    // PgBouncer's words for what it does not pass on; PostgreSQL takes every such parameter.
    let said = error.as_db_error().map(|said| said.message()).unwrap_or_default();
    if said.starts_with("unsupported startup parameter") {
        return pooled(place, what_for).with_source(error);
    }
    let doing = format!("cannot connect to {place}");
    match (refusal(&error), what_for) {
        // A job that runs is not given up because a certificate has run out meanwhile.
        (Some(why), Use::Brief) => ConnectorError::transient(format!("{doing}: {why}")),
        (Some(why), Use::Statement(_)) => ConnectorError::permanent(format!("{doing}: {why}")),
        (None, _) => failed(&doing)(error),
    }
}
