//! How a store is opened: whether or not its database is there, or once it is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::asked::Asked;
use super::backlog::Backlog;
use super::peers::Peers;
use super::presence::{Presence, owner};
use super::{Inner, Store, upkeep};
use crate::engine::{Engine, Fault};
use crate::settings::Settings;

impl Store {
    /// Opens the store on the current runtime, which also keeps its leases. A database that cannot be
    /// reached now is looked for again later; until then this process is alone, and its log says so.
    ///
    /// # Errors
    /// The settings name no database, one that this program was built without, or files that cannot be used.
    pub async fn open(settings: Settings) -> Result<Self, String> {
        let store = Self::closed(settings)?;
        if let Err(fault) = store.inner.arrive().await {
            store.inner.presence.gone(&store.inner.settings.address, &fault);
        }
        store.start();
        Ok(store)
    }

    /// Like [`Store::open`], but waits at most `patience` for the database to be there.
    ///
    /// # Errors
    /// As [`Store::open`], and a database that was not there in time.
    pub async fn open_required(settings: Settings, patience: Duration) -> Result<Self, String> {
        const LOOK_AGAIN: Duration = Duration::from_millis(250);
        let store = Self::closed(settings)?;
        let until = Instant::now() + patience;
        // The last reason that was told: the try that its time cuts short tells none.
        let mut why = "no answer".to_owned();
        loop {
            match tokio::time::timeout_at(until, store.inner.arrive()).await {
                Ok(Ok(())) => break,
                // That does not pass.
                Ok(Err(Fault::Newer(why))) => {
                    return Err(format!("{} cannot be used: {why}", store.inner.settings.address));
                }
                Ok(Err(fault)) => why = fault.into_text(),
                Err(_elapsed) => {}
            }
            if Instant::now() + LOOK_AGAIN >= until {
                let address = &store.inner.settings.address;
                return Err(format!("{address} was not there within {patience:?}: {why}"));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        store.start();
        Ok(store)
    }

    fn closed(settings: Settings) -> Result<Self, String> {
        let engine = Engine::new(&settings)?;
        let inner = Inner {
            engine,
            settings,
            owner: owner(),
            presence: Presence::default(),
            backlog: Backlog::default(),
            held: Mutex::default(),
            asked: Asked::default(),
            peers: Peers::default(),
            flushing: tokio::sync::Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    fn start(&self) {
        tokio::spawn(upkeep::keep_up(Arc::downgrade(&self.inner)));
    }
}

impl Inner {
    /// Whether the database is there; it knows of this process from now on.
    async fn arrive(&self) -> Result<(), Fault> {
        self.probe().await?;
        self.first_beat().await
    }
}
