//! Connections that are kept: one for each user, host, port and key, bounded in number and in age.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connector_core::prelude::*;
use lru::LruCache;
use ring::digest;

use super::Login;
use super::connection::Connection;

/// More clusters, users or keys than that take turns.
const MOST: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// After that a connection is made anew: with what the known hosts say then, and to where the name then
/// leads.
const OLDEST: Duration = Duration::from_secs(3600);

/// What a connection is kept under. A digest stands for key and known hosts.
type Id = [u8; 32];

/// One place, taken while somebody connects, so that others wait for the same connection.
type Place = Arc<tokio::sync::Mutex<Option<Kept>>>;

#[derive(Debug)]
struct Kept {
    connection: Arc<Connection>,
    since: Instant,
}

/// All connections of one connector.
pub(crate) struct Pool {
    places: Mutex<LruCache<Id, Place>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self { places: Mutex::new(LruCache::new(MOST)) }
    }
}

impl Pool {
    /// The connection of that login; a new one where there is none that is alive.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: the login node is not the one that is known, or does not let this user
    /// in. [`ErrorKind::Transient`]: it is not reached.
    ///
    /// # Cancel safety
    /// A caller that leaves does not end a login: the next one finds it done.
    pub(crate) async fn connect(&self, login: &Login) -> Result<Arc<Connection>> {
        let place = self.place(login);
        let mut kept = place.lock_owned().await;
        if let Some(kept) = &*kept
            && !kept.connection.is_closed()
            && kept.since.elapsed() < OLDEST
        {
            return Ok(Arc::clone(&kept.connection));
        }
        *kept = None;
        let login = login.clone();
        let made = tokio::spawn(async move {
            let connection = Arc::new(Connection::open(&login).await?);
            *kept = Some(Kept { connection: Arc::clone(&connection), since: Instant::now() });
            Ok(connection)
        });
        made.await.unwrap_or_else(|_| {
            Err(ConnectorError::transient("logging in was interrupted, as the service ends"))
        })
    }

    /// Forgets a connection that has failed, unless another one has taken its place.
    pub(crate) async fn forget(&self, login: &Login, failed: &Arc<Connection>) {
        let place = self.place(login);
        let mut kept = place.lock().await;
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(&kept.connection, failed)) {
            *kept = None;
        }
    }

    fn place(&self, login: &Login) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.get_or_insert(id(login), Place::default))
    }
}

fn id(login: &Login) -> Id {
    let port = login.port.to_string();
    let hosts = format!("{:?}", login.host_keys);
    let mut context = digest::Context::new(&digest::SHA256);
    for field in [&login.username, &login.host, &port, &login.key, &hosts] {
        context.update(&field.len().to_be_bytes());
        context.update(field.as_bytes());
    }
    let mut id = Id::default();
    id.copy_from_slice(context.finish().as_ref());
    id
}

#[cfg(test)]
mod tests {
    use super::super::{HostKeys, Login};
    use super::id;

    #[test]
    fn whatever_differs_is_another_connection() {
        let login = |username: &str, host: &str, port, key: &str, host_keys| {
            let [host, username, key] = [host, username, key].map(str::to_owned);
            id(&Login { host, port, username, key, host_keys })
        };
        let ids = [
            login("u", "h", 22, "k", HostKeys::Any),
            login("uh", "", 22, "k", HostKeys::Any),
            login("u", "h", 23, "k", HostKeys::Any),
            login("u", "h", 22, "l", HostKeys::Any),
            login("u", "h", 22, "k", HostKeys::InFile(None)),
            login("u", "h", 22, "k", HostKeys::Told("x".to_owned())),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids[0], login("u", "h", 22, "k", HostKeys::Any));
    }
}
