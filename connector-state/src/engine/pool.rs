//! Connections to PostgreSQL: made when they are needed, at most so many, kept while they are whole.
//! `postgres` takes one for each transaction. What was cut short is not used again, so that nobody reads
//! another's answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_postgres_tls::Tls;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Config, Error};

/// The connections to one database.
#[derive(Debug)]
pub(crate) struct Pool {
    config: Config,
    tls: Tls,
    free: Arc<Mutex<Vec<Open>>>,
    permits: Arc<Semaphore>,
}

/// A connection.
struct Open {
    client: Client,
    is_ready: bool,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("is_ready", &self.is_ready).finish_non_exhaustive()
    }
}

/// A connection while it is somebody's. Closed with this, unless it is [kept](Self::keep).
pub(crate) struct Session {
    pub(crate) client: Client,
    /// Whether what comes first on every connection was done.
    pub(crate) is_ready: bool,
    free: Arc<Mutex<Vec<Open>>>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(config: Config, tls: Tls, most: usize) -> Self {
        Self { config, tls, free: Arc::default(), permits: Arc::new(Semaphore::new(most.max(1))) }
    }

    /// A connection, once there is one.
    pub(crate) async fn session(&self) -> Result<Session, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let Ok(_permit) = permit else {
            // The semaphore is never closed.
            return std::future::pending().await;
        };
        let open = loop {
            let Some(open) = locked(&self.free).pop() else {
                break self.open().await?;
            };
            if !open.client.is_closed() {
                break open;
            }
        };
        let Open { client, is_ready } = open;
        Ok(Session { client, is_ready, free: Arc::clone(&self.free), _permit })
    }

    async fn open(&self) -> Result<Open, Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        // It ends with the client. What breaks it also breaks the call that waits for an answer.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Open { client, is_ready: false })
    }
}

impl Session {
    /// Leaves the connection to the next one.
    pub(crate) fn keep(self) {
        let Self { client, is_ready, free, _permit } = self;
        if !client.is_closed() {
            locked(&free).push(Open { client, is_ready });
        }
    }
}

fn locked(free: &Mutex<Vec<Open>>) -> MutexGuard<'_, Vec<Open>> {
    free.lock().unwrap_or_else(PoisonError::into_inner)
}
