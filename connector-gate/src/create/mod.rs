//! Rules of create: once per attempt, whoever leaves, and no job that nobody takes.
//! Creates of one attempt share one flight and one answer; the flight goes on when its callers
//! leave; a job nobody takes is cancelled (`abandoned`), also when the server ends. With a store that outlives
//! the process all that holds over processes and their deaths, too (`claimed`, `takeover`, `due`, `told_later`).

mod abandoned;
mod begun;
mod claimed;
mod due;
pub(crate) mod failed_job;
mod flight;
mod identity;
mod judge;
mod left_behind;
mod outside;
mod takeover;
mod told_later;
mod under_way;

use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use begun::Begun;
use bytes::Bytes;
use connector_core::ConnectorError;
use connector_core::host::CreateRequest;
use flight::{Claim, Flight, Outcome};
use identity::Identity;
use left_behind::{LeftBehind, MOST_LEFT, REMEMBERED_FOR};
use rustc_hash::FxHashMap;
use tokio::sync::watch;
use tokio::time::timeout_at;
use under_way::Unsettled;

use crate::call::Call;
use crate::failure::Cause;
use crate::memory::{Key, Memory, Reading, Store};
use crate::observer::Observer;
use crate::site::Site;
use crate::state_store::{Due, Ticket};

/// The most creates under way or waiting to be taken.
const MOST_FLIGHTS: usize = 10_000;
/// The most answers remembered for repeated creates.
const MOST_KEPT: usize = 10_000;
/// How long a job that was created may go without a first poll and still count as not asked about.
const UNPOLLED_FOR: Duration = Duration::from_secs(3_600);

/// The creates of one connector.
#[derive(Debug)]
pub(crate) struct Creates {
    site: Arc<Site>,
    /// Those that the same attempt can find.
    flights: Mutex<FxHashMap<Key, Arc<Flight>>>,
    /// Metadata by attempt, once somebody has taken it.
    kept: Box<dyn Store<Bytes>>,
    /// Jobs that somebody has taken and nobody has asked about, by their metadata, with their row in the store.
    unpolled: Box<dyn Store<Option<Ticket>>>,
    /// The last attempt that has begun, by its task.
    begun: Box<dyn Store<Begun>>,
    /// Jobs that Flyte 1 will try again and nobody else cancels, by their metadata.
    left_behind: Box<dyn Store<LeftBehind>>,
    unsettled: Unsettled,
    draining: watch::Sender<bool>,
}

/// What a create finds.
enum Found {
    Flight(Boarding),
    Answer(Bytes),
    /// The job of the same attempt is being cancelled; made now, another would live beside it.
    Leaving(Arc<Flight>, Box<CreateRequest>),
}

/// A caller on a flight; leaving is told however it happens.
struct Boarding {
    creates: Arc<Creates>,
    flight: Arc<Flight>,
    observer: Arc<dyn Observer>,
}

impl Drop for Boarding {
    fn drop(&mut self) {
        if self.flight.leave() {
            self.creates.abandon(&self.flight, &self.observer);
        }
    }
}

impl Creates {
    pub(crate) fn new(site: Arc<Site>) -> Arc<Self> {
        let memory = site.policy().create_memory;
        Arc::new(Self {
            site,
            flights: Mutex::default(),
            kept: Box::new(Memory::new(MOST_KEPT, memory)),
            unpolled: Box::new(Memory::new(MOST_KEPT, UNPOLLED_FOR)),
            begun: Box::new(Memory::new(MOST_KEPT, UNPOLLED_FOR)),
            left_behind: Box::new(Memory::new(MOST_LEFT, REMEMBERED_FOR)),
            unsettled: Unsettled::default(),
            draining: watch::Sender::new(false),
        })
    }

    fn flights(&self) -> MutexGuard<'_, FxHashMap<Key, Arc<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much is remembered: creates not settled, answers kept, jobs not asked about, tasks of which an
    /// attempt has begun, jobs that Flyte 1 left behind.
    pub(crate) fn remembered(&self) -> [(&'static str, Reading); 5] {
        [
            ("creates", Reading::of(self.unsettled.count())),
            ("created_jobs", self.kept.reading()),
            ("unpolled_jobs", self.unpolled.reading()),
            ("begun_tasks", self.begun.reading()),
            ("left_behind_jobs", self.left_behind.reading()),
        ]
    }

    /// Creates a job, or answers what the same attempt was answered before.
    ///
    /// # Errors
    /// What the connector said, a passed deadline, too many creates, or the end of the server.
    ///
    /// # Cancel safety
    /// The create goes on; its job is kept for the same attempt and then cancelled.
    pub(crate) async fn create(
        self: &Arc<Self>,
        mut request: CreateRequest,
        call: &Call,
    ) -> Result<Bytes, Cause> {
        let boarding = loop {
            match self.find(request, call)? {
                Found::Answer(meta) => return Ok(meta),
                Found::Flight(boarding) => break boarding,
                Found::Leaving(flight, again) => {
                    let left = timeout_at(call.deadline, flight.gone()).await;
                    left.map_err(|_elapsed| Cause::OutOfTime(call.limit))?;
                    request = *again;
                }
            }
        };
        let flight = &boarding.flight;
        match flight.outcome(call.deadline).await {
            Some(Outcome::Created(meta)) => match flight.claim() {
                claim @ (Claim::First | Claim::Again) => {
                    if claim == Claim::First {
                        self.taken(flight, &meta);
                    }
                    if self.site.durable.is_some() {
                        Box::pin(self.keep_wanted(flight, &meta, call)).await?;
                    }
                    Ok(meta)
                }
                Claim::TooLate => Err(Cause::from(ConnectorError::retryable(
                    "the next attempt of this task has begun; the job of this one is cancelled",
                ))),
            },
            Some(Outcome::FailedJob(meta) | Outcome::Answered(meta)) => Ok(meta),
            Some(Outcome::Failed(cause)) => Err(cause.shared()),
            None => Err(Cause::OutOfTime(call.limit)),
        }
    }

    /// Finds the flight or the answer of the same attempt, or starts a flight.
    fn find(self: &Arc<Self>, request: CreateRequest, call: &Call) -> Result<Found, Cause> {
        let identity = Identity::of(&call.context, &request);
        let mut flights = identity.map(|_| self.flights());
        if let (Some(identity), Some(flights)) = (identity, &flights) {
            let under_way = flights.get(&identity.key);
            if let Some(boarding) = under_way.and_then(|flight| self.board(flight, call)) {
                return Ok(Found::Flight(boarding));
            }
            if let Some(leaving) = under_way.filter(|_| !*self.draining.borrow()) {
                return Ok(Found::Leaving(Arc::clone(leaving), Box::new(request)));
            }
            if let Some(meta) = self.kept.get(&identity.key) {
                return Ok(Found::Answer(meta));
            }
        }
        if *self.draining.borrow() {
            return Err(Cause::Ending);
        }
        if self.unsettled.count() >= MOST_FLIGHTS {
            return Err(Cause::from(ConnectorError::transient(format!(
                "{MOST_FLIGHTS} creates of this connector are under way already"
            ))));
        }
        let previous = identity.map_or(Ok(None), |identity| self.begin(&identity))?;
        let flight = Arc::new(Flight::new(
            identity.map(|identity| identity.key),
            call.context.clone(),
            request.connection.clone(),
            self.unsettled.begin(),
        ));
        let boarding = self.board(&flight, call).ok_or(Cause::Ending)?;
        if let (Some(identity), Some(flights)) = (identity, &mut flights) {
            flights.insert(identity.key, Arc::clone(&flight));
            match previous.and_then(|previous| flights.get(&previous)) {
                Some(superseded) => {
                    if let Some(meta) = superseded.supersede() {
                        self.cancel_later(superseded, meta, &call.observer);
                    }
                }
                // What the store holds of it is cancelled when this attempt is claimed there.
                None if self.site.durable.is_none() => {
                    self.cancel_job_before(previous, &flight, &call.observer);
                }
                None => {}
            }
        }
        drop(flights);
        let (creates, observer) = (Arc::clone(self), Arc::clone(&call.observer));
        // The request is there for as long as this goes on, which may be longer than the call.
        let held = call.held.clone();
        match self.attempt(&flight, &request) {
            Some(attempt) => {
                // The store is not asked on the connector's threads.
                let claimed = creates.fly_claimed(attempt, previous, flight, request, observer);
                self.site.server.spawn(async move {
                    claimed.await;
                    drop(held);
                });
            }
            None => self.site.workplace.detach(async move {
                creates.fly(flight, request, observer).await;
                drop(held);
            }),
        }
        Ok(Found::Flight(boarding))
    }

    /// Adds a caller to a flight, unless its job is being cancelled.
    fn board(self: &Arc<Self>, flight: &Arc<Flight>, call: &Call) -> Option<Boarding> {
        flight.board().then(|| Boarding {
            creates: Arc::clone(self),
            flight: Arc::clone(flight),
            observer: Arc::clone(&call.observer),
        })
    }

    /// Creates the job, whoever still waits for it.
    async fn fly(
        self: Arc<Self>,
        flight: Arc<Flight>,
        request: CreateRequest,
        observer: Arc<dyn Observer>,
    ) {
        let (context, connection) = (flight.context.clone(), flight.connection.as_ref());
        let made = self.made(context, connection, request, &observer).await;
        let outcome = self.judge(made, &flight, &observer);
        self.land(&flight, outcome, &observer);
    }

    /// Tells the callers, and finds the job a taker or an end.
    fn land(
        self: &Arc<Self>,
        flight: &Arc<Flight>,
        outcome: Outcome,
        observer: &Arc<dyn Observer>,
    ) {
        match &outcome {
            Outcome::Created(_) => {}
            Outcome::FailedJob(meta) | Outcome::Answered(meta) => {
                if let Some(key) = flight.key {
                    self.kept.put(key, meta.clone());
                }
                self.forget(flight);
            }
            // An error is shared by those who wait now; the next one tries anew.
            Outcome::Failed(_) => self.forget(flight),
        }
        if flight.land(outcome) {
            self.abandon(flight, observer);
        }
    }

    /// Somebody has the job now.
    fn taken(&self, flight: &Arc<Flight>, meta: &Bytes) {
        if let Some(key) = flight.key {
            self.unpolled.put(Key::of(meta), None);
            self.kept.put(key, meta.clone());
            self.forget(flight);
        }
    }

    /// Removes a flight, if it is still the one under its key.
    fn forget(&self, flight: &Arc<Flight>) {
        if let Some(key) = flight.key
            && let Entry::Occupied(entry) = self.flights().entry(key)
            && Arc::ptr_eq(entry.get(), flight)
        {
            entry.remove();
        }
    }

    /// Somebody has asked about the job or deleted it: its metadata has arrived in Flyte's state.
    pub(crate) fn asked_about(&self, resource_meta: &Bytes) {
        let known = if self.unpolled.is_empty() {
            None
        } else {
            self.unpolled.remove(&Key::of(resource_meta)).flatten()
        };
        if let Some(durable) = &self.site.durable {
            durable.asked_about(resource_meta);
            if let Some(ticket) = known {
                durable.store.asked(&ticket);
            }
        }
    }

    /// Nobody has asked about this job yet, as far as the store knows: it is told if somebody does here.
    pub(crate) fn watch(&self, unasked: Due) {
        if let (Some(durable), Some(meta)) = (&self.site.durable, unasked.meta) {
            durable.watch(&meta, unasked.ticket);
        }
    }

    /// From now on nothing is created, and jobs nobody has taken are cancelled without grace.
    pub(crate) fn begin_drain(&self) {
        self.draining.send_replace(true);
    }

    /// Waits until every create is settled.
    pub(crate) async fn drained(&self) {
        self.unsettled.settled().await;
    }

    /// How many creates are not settled.
    pub(crate) fn unsettled(&self) -> usize {
        self.unsettled.count()
    }
}

#[cfg(test)]
mod tests;
