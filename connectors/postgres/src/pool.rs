//! The connections that are open: one per server and role for polls and cancels, and at most so many for
//! statements. What nobody uses is closed after a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use connector_core::{Result, Secret};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_postgres::Client;

use crate::ledger;
use crate::notices::Notices;
use crate::place::Place;
use crate::session::{Door, Use};

/// With more servers and roles than that, the connection that was unused the longest is closed.
const MOST_SHARED: usize = 64;
/// How often old rows of a ledger are removed, at most.
const CLEAN_EVERY: Duration = Duration::from_secs(3_600);

/// Every connection of this connector.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) door: Door,
    shared: Arc<Mutex<Vec<Shared>>>,
    /// How many statements more each role of each server may have running.
    free: Mutex<HashMap<(String, String), Arc<Semaphore>>>,
    /// When the ledger of each place was cleaned.
    cleaned: Mutex<HashMap<Place, Instant>>,
}

/// A connection for polls and cancels, which go through it side by side.
#[derive(Debug)]
struct Shared {
    place: Place,
    /// It counts, too: whoever has another one must show that it is right.
    password: Secret,
    client: Arc<Client>,
    used: Instant,
}

impl Pool {
    pub(crate) fn new(door: Door) -> Self {
        Self { door, shared: Arc::default(), free: Mutex::default(), cleaned: Mutex::default() }
    }

    /// The connection to that server as that role.
    ///
    /// # Errors
    /// As [`Door::open`].
    pub(crate) async fn shared(&self, place: &Place, password: &Secret) -> Result<Arc<Client>> {
        // Also for what is open already: a password of the operator is bound to hosts that may change.
        password.expose_for(&place.address())?;
        if let Some(client) = use_again(&self.shared, place, password) {
            return Ok(client);
        }
        let (client, _) = self.door.open(place, password, Use::Brief).await?;
        let client = Arc::new(client);
        let mut shared = locked(&self.shared);
        if shared.len() >= MOST_SHARED
            && let Some(oldest) =
                (0..shared.len()).min_by_key(|at| shared.get(*at).map(|it| it.used))
        {
            drop(shared.swap_remove(oldest));
        }
        shared.push(Shared {
            place: place.clone(),
            password: password.clone(),
            client: Arc::clone(&client),
            used: Instant::now(),
        });
        let (connections, this) = (Arc::downgrade(&self.shared), Arc::downgrade(&client));
        tokio::spawn(close_unused(connections, this, self.door.house.idle));
        Ok(client)
    }

    /// The right to have one more statement running there, if there is one at this moment.
    pub(crate) fn try_right(&self, place: &Place) -> Option<OwnedSemaphorePermit> {
        self.rights(place).try_acquire_owned().ok()
    }

    /// The same, once there is one.
    ///
    /// # Cancel safety
    /// The place in the line is lost, and nothing else.
    pub(crate) async fn right(&self, place: &Place) -> Option<OwnedSemaphorePermit> {
        // `None` if the semaphore were closed, which nobody does.
        self.rights(place).acquire_owned().await.ok()
    }

    fn rights(&self, place: &Place) -> Arc<Semaphore> {
        let most = self.door.house.statements;
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() >= MOST_SHARED {
            free.retain(|_, rights| Arc::strong_count(rights) > 1);
        }
        let whose = (place.address(), place.user.clone());
        Arc::clone(free.entry(whose).or_insert_with(|| Arc::new(Semaphore::new(most))))
    }

    /// Removes old rows of the ledger there, now and then.
    pub(crate) async fn clean(&self, place: &Place, password: &Secret) {
        {
            let mut cleaned = self.cleaned.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            cleaned.retain(|_, at| *at + CLEAN_EVERY > now);
            if cleaned.len() >= MOST_SHARED || cleaned.contains_key(place) {
                return;
            }
            cleaned.insert(place.clone(), now);
        }
        let cleaned = match self.shared(place, password).await {
            Ok(session) => ledger::clean(&session, self.door.house.keep_rows).await,
            Err(error) => Err(error),
        };
        if let Err(error) = cleaned {
            tracing::warn!(%place, "the ledger is not cleaned: {error}");
        }
    }

    /// Opens the connection that will carry out the statement of that job.
    ///
    /// # Errors
    /// As [`Door::open`].
    pub(crate) async fn own(
        &self,
        place: &Place,
        password: &Secret,
        job: &str,
    ) -> Result<(Client, Notices)> {
        self.door.open(place, password, Use::Statement(job)).await
    }
}

fn locked(shared: &Mutex<Vec<Shared>>) -> MutexGuard<'_, Vec<Shared>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn use_again(shared: &Mutex<Vec<Shared>>, place: &Place, password: &Secret) -> Option<Arc<Client>> {
    let mut shared = locked(shared);
    shared.retain(|it| !it.client.is_closed());
    let known = shared.iter_mut().find(|it| it.place == *place && it.password == *password)?;
    known.used = Instant::now();
    Some(Arc::clone(&known.client))
}

/// Closes the connection once it was unused for so long.
async fn close_unused(shared: Weak<Mutex<Vec<Shared>>>, this: Weak<Client>, idle: Duration) {
    let mut at = Instant::now() + idle;
    loop {
        sleep_until(at).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut shared = locked(&shared);
        let is_this = |it: &Shared| std::ptr::eq(Arc::as_ptr(&it.client), this.as_ptr());
        let Some(place) = shared.iter().position(is_this) else { return };
        // Somebody else who holds it waits for an answer.
        let is_unused =
            |it: &Shared| it.used + idle <= Instant::now() && Arc::strong_count(&it.client) == 1;
        match shared.get(place) {
            Some(it) if !is_unused(it) => at = (it.used + idle).max(Instant::now() + idle / 4),
            _ => {
                drop(shared.swap_remove(place));
                return;
            }
        }
    }
}
