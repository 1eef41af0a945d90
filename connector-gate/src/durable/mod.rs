//! What the rules of one connector know of the store that outlives the process: how their attempts are
//! called there, and which connections there are for jobs that somebody else left.
//! `create` claims and writes, `sweep` takes what is due. Without a store none of this is there.

mod attempt;
mod kept;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::CreateRequest;
use connector_core::policy::{Abandoned, Recovery};
use connector_core::{CallContext, Policy, pb};

pub(crate) use kept::Repeated;

use crate::memory::{Key, Memory, Reading, Store};
use crate::state_store::{Attempt, Cancellation, Keep, StateStore, Ticket, Written};

/// The most connections remembered for cancels of what others left.
const MOST_CONNECTIONS: usize = 4_096;
/// How long they are. The value of a secret may be another one by then.
const CONNECTIONS_FOR: Duration = Duration::from_secs(3_600);

/// The most jobs that are watched for somebody who asks about them, and how long they are after the store has
/// named them last.
const MOST_WATCHED: usize = 10_000;
const WATCHED_FOR: Duration = Duration::from_secs(600);

/// The store, as one connector's rules use it.
#[derive(Debug)]
pub(crate) struct Durable {
    /// What the connector is called among the processes that share the store.
    pub(crate) home: String,
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) recovery: Recovery,
    /// Connections of recent creates, by the row of the attempt and by its task; and of calls about jobs that
    /// wait for theirs, by their metadata.
    connections: Memory<pb::Connection>,
    /// Jobs that cannot be cancelled without their task's own secret, by their metadata.
    waiting: Memory<()>,
    /// Jobs that nobody has asked about for long, by their metadata.
    watched: Memory<Ticket>,
}

impl Durable {
    pub(crate) fn new(home: String, store: Arc<dyn StateStore>, recovery: Recovery) -> Self {
        Self {
            home,
            store,
            recovery,
            connections: Memory::new(MOST_CONNECTIONS, CONNECTIONS_FOR),
            waiting: Memory::new(MOST_CONNECTIONS, CONNECTIONS_FOR),
            watched: Memory::new(MOST_WATCHED, WATCHED_FOR),
        }
    }

    /// The attempt that a create is of; none where it names no execution. Its connection is remembered.
    /// `shows_secret` says whether bytes hold a secret of the connection.
    pub(crate) fn attempt(
        &self,
        context: &CallContext,
        request: &CreateRequest,
        shows_secret: impl Fn(&[u8]) -> bool,
    ) -> Option<Attempt> {
        let mut attempt = attempt::of(context, request)?;
        attempt.request =
            kept::encoded(self.recovery, context, request).filter(|bytes| !shows_secret(bytes));
        if let Some(connection) = &request.connection {
            for row in [Some(&attempt.key), attempt.task.as_ref()].into_iter().flatten() {
                self.connections.put(Key::of(row), connection.clone());
            }
        }
        Some(attempt)
    }

    /// The connection that a recent call brought for this job, or else for its attempt or a later one.
    pub(crate) fn connection(
        &self,
        attempt: &Attempt,
        meta: Option<&Bytes>,
    ) -> Option<pb::Connection> {
        let of_job = meta.and_then(|meta| self.connections.get(&Key::of(meta)));
        let of_attempt = || self.connections.get(&Key::of(&attempt.key));
        let of_task = || self.connections.get(&Key::of(attempt.task.as_ref()?));
        of_job.or_else(of_attempt).or_else(of_task)
    }

    /// This job cannot be cancelled before a call brings its connection.
    pub(crate) fn waits_for_connection(&self, meta: &Bytes) {
        self.waiting.put(Key::of(meta), ());
    }

    /// A call about a job brought its connection. The path of every poll asks.
    pub(crate) fn brought(&self, meta: &Bytes, connection: Option<&pb::Connection>) {
        if self.waiting.is_empty() {
            return;
        }
        if let Some(connection) = connection
            && self.waiting.remove(&Key::of(meta)).is_some()
        {
            self.connections.put(Key::of(meta), connection.clone());
        }
    }

    /// How many connections and watched jobs are remembered.
    pub(crate) fn remembered(&self) -> [Reading; 2] {
        [self.connections.reading(), self.watched.reading()]
    }

    /// Writes down a job that is to be cancelled once `after` is over.
    pub(crate) async fn to_cancel(
        &self,
        context: &CallContext,
        ticket: Option<Ticket>,
        meta: &Bytes,
        after: Duration,
    ) -> Ticket {
        self.store.to_cancel(&cancellation(context, ticket, meta), after).await
    }

    /// Whoever is asked about this job says so to the store.
    pub(crate) fn watch(&self, meta: &Bytes, ticket: Ticket) {
        self.watched.put(Key::of(meta), ticket);
    }

    /// Somebody has asked about a job. The path of every poll asks.
    pub(crate) fn asked_about(&self, meta: &Bytes) {
        if self.watched.is_empty() {
            return;
        }
        if let Some(ticket) = self.watched.remove(&Key::of(meta)) {
            self.store.asked(&ticket);
        }
    }

    /// Writes down a job that nobody waits for.
    pub(crate) async fn untaken(
        &self,
        context: &CallContext,
        ticket: &Ticket,
        meta: &Bytes,
        policy: &Policy,
    ) -> Written {
        let job = cancellation(context, Some(ticket.clone()), meta);
        self.store.untaken(ticket, &job, keep(policy, true), policy.create_grace).await
    }
}

/// For how long an answer counts, which may be that of a job.
pub(crate) fn keep(policy: &Policy, is_job: bool) -> Keep {
    let is_cancelled = is_job && policy.abandoned == Abandoned::Cancel;
    Keep {
        for_repeats: policy.create_memory,
        asked_within: is_cancelled.then_some(policy.unasked_limit),
    }
}

fn cancellation(context: &CallContext, ticket: Option<Ticket>, meta: &Bytes) -> Cancellation {
    Cancellation {
        ticket,
        task_type: context.key.task_type.to_string(),
        version: context.key.version,
        run: String::new(),
        meta: meta.clone(),
    }
}
