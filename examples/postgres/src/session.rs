//! Connections to PostgreSQL, and what its errors mean.
//! `lib` opens one per statement, and shares one per server and role for everything else.
//! No SQL here: that is `ledger`'s.

use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connector_core::{ConnectorError, ErrorKind, Result};
use tokio_postgres::{Client, Config, Error, NoTls};

use crate::Access;

/// How long PostgreSQL may take to answer the door, and what is sent to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(5);
/// When a silent connection is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// With more servers and roles than that, connections are made anew now and then.
const MOST_SHARED: usize = 64;

/// Opens a connection that PostgreSQL lists as `name`.
///
/// # Errors
/// PostgreSQL cannot be reached, or refuses; the operator's password is not for this host.
pub(crate) async fn open(access: &Access, name: &str) -> Result<Client> {
    // A path would be a socket of this machine, where PostgreSQL may trust whoever comes.
    if access.host.starts_with('/') {
        return Err(ConnectorError::invalid_task("`host` must be a host, not a path"));
    }
    // With the port, as the operator may have bound the password to one.
    let address = match access.host.contains(':') {
        true => format!("[{}]:{}", access.host, access.port),
        false => format!("{}:{}", access.host, access.port),
    };
    let (client, connection) = Config::new()
        .host(&access.host)
        .port(access.port)
        .dbname(&access.database)
        .user(&access.user)
        .password(access.password.expose_for(&address)?)
        .application_name(name)
        .connect_timeout(PATIENCE)
        .tcp_user_timeout(PATIENCE)
        .keepalives_idle(KEEPALIVE)
        .connect(NoTls)
        .await
        .map_err(failed("cannot connect"))?;
    // It ends with the client. What breaks it also breaks the call that waits for an answer.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// The connections that polls and cancels share.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<Vec<(Access, Arc<Client>)>>,
}

impl Sessions {
    /// The connection to that server as that role.
    ///
    /// # Errors
    /// As [`open`].
    pub(crate) async fn shared(&self, access: &Access) -> Result<Arc<Client>> {
        let known = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|(_, client)| !client.is_closed());
            // The password counts, too: whoever has another one must show that it is right.
            open.iter().find(|(of, _)| of == access).map(|(_, client)| Arc::clone(client))
        };
        if let Some(client) = known {
            return Ok(client);
        }
        let client = Arc::new(open(access, "flyte").await?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST_SHARED {
            open.clear();
        }
        open.push((access.clone(), Arc::clone(&client)));
        Ok(client)
    }
}

/// Makes a typed error of what went wrong with a call.
pub(crate) fn failed(doing: &str) -> impl FnOnce(Error) -> ConnectorError + '_ {
    move |error| {
        let transient = ErrorKind::Transient { retry_after: None };
        let (kind, why) = match error.as_db_error() {
            Some(said) => {
                let code = said.code().code();
                let kind = match ending(code) {
                    ErrorKind::Retryable => transient,
                    kind => kind,
                };
                (kind, format!("{} (SQLSTATE {code})", said.message()))
            }
            // Without an answer of PostgreSQL it is the network, or a server that goes.
            None => {
                let causes = std::iter::successors(error.source(), |&cause| cause.source());
                let causes: String = causes.map(|cause| format!(": {cause}")).collect();
                (transient, format!("{error}{causes}"))
            }
        };
        ConnectorError::new(kind, format!("{doing}: {why}")).with_source(error)
    }
}

/// What a statement that ended with that SQLSTATE asks for.
pub(crate) fn ending(sqlstate: &str) -> ErrorKind {
    match sqlstate {
        // There is no table of jobs, so there is no job.
        "42P01" => ErrorKind::NotFound,
        // The database was dropped.
        "57P04" => ErrorKind::Permanent,
        // Another session held a lock.
        "55P03" => ErrorKind::Retryable,
        _ => match sqlstate.get(..2) {
            Some("28") => ErrorKind::Unauthenticated,
            // The connection; a conflict of transactions; no room; a server that goes or comes; its disks.
            Some("08" | "40" | "53" | "58") => ErrorKind::Retryable,
            Some("57") if sqlstate.starts_with("57P") => ErrorKind::Retryable,
            _ => ErrorKind::Permanent,
        },
    }
}

#[cfg(test)]
mod tests {
    use connector_core::ErrorKind;

    use super::ending;

    #[test]
    fn every_class_of_sqlstate_has_its_kind() {
        for (codes, kind) in [
            ("08006 08001 40001 40P01 53100 53300 55P03 57P01 57P02 57P03 58030", "retryable"),
            ("22012 23505 42601 57014 57P04 25006 XX000 P0001", "permanent"),
            ("28000 28P01", "unauthenticated"),
            ("42P01", "not_found"),
        ] {
            for code in codes.split(' ') {
                assert_eq!(ErrorKind::as_str(ending(code)), kind, "{code}");
            }
        }
    }
}
