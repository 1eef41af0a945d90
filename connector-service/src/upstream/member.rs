//! One process that serves, and how busy it is. A process whose event loop is blocked answers nobody,
//! whatever it is asked: it is recognized by a question that costs nothing and gets no answer.
//! `pool` chooses among members.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::Channel;

use crate::pb::ListConnectorsRequest;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;

/// How long a busy process may answer nothing before it is asked whether it is there.
const SILENT: Duration = Duration::from_millis(30);
/// How long it may take to say that it is.
const SAYS_SO: Duration = Duration::from_millis(30);

/// A process that serves.
pub(crate) struct Member {
    channel: Channel,
    in_flight: AtomicUsize,
    /// How many calls were sent, and how many of them before the last answer.
    sent: AtomicU64,
    sent_before: AtomicU64,
    /// Milliseconds after `since` of the last answer.
    answered: AtomicU64,
    since: Instant,
    busy: Notify,
    /// Since when it answers nobody.
    blocked: watch::Sender<Option<Instant>>,
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocked = *self.blocked.borrow();
        f.debug_struct("Member")
            .field("in_flight", &self.in_flight)
            .field("blocked", &blocked)
            .finish_non_exhaustive()
    }
}

/// A call to a member, counted for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Turn {
    member: Arc<Member>,
    number: u64,
}

impl Turn {
    pub(crate) const fn member(&self) -> &Arc<Member> {
        &self.member
    }

    /// Notes that the member has said something.
    pub(crate) fn answered(&self) {
        self.member.note_answer();
    }

    /// Whether this call may be what the member is stuck in: it was sent before the last answer, or as the
    /// first one after it. Those behind it were not begun.
    pub(crate) fn may_block(&self) -> bool {
        self.number <= self.member.sent_before.load(Ordering::Relaxed).saturating_add(1)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.member.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Member {
    pub(crate) fn new(channel: Channel) -> Arc<Self> {
        Arc::new(Self {
            channel,
            in_flight: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            sent_before: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            since: Instant::now(),
            busy: Notify::new(),
            blocked: watch::Sender::new(None),
        })
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Whether it answers nobody, and since when.
    pub(crate) fn blocked_since(&self) -> Option<Instant> {
        *self.blocked.borrow()
    }

    /// Completes as soon as it answers nobody.
    pub(crate) async fn is_blocked(&self) {
        let mut blocked = self.blocked.subscribe();
        // The sender lives as long as `self`.
        blocked.wait_for(Option::is_some).await.ok();
    }

    pub(crate) fn turn(self: &Arc<Self>) -> Turn {
        if self.in_flight.fetch_add(1, Ordering::Relaxed) == 0 {
            self.note_answer();
            self.busy.notify_one();
        }
        let number = self.sent.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Turn { member: Arc::clone(self), number }
    }

    fn note_answer(&self) {
        let elapsed = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.answered.store(elapsed, Ordering::Relaxed);
        self.sent_before.store(self.sent.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn silent_for(&self) -> Duration {
        let last = Duration::from_millis(self.answered.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(last)
    }

    /// Watches it for as long as it serves. Asks nothing while it has nothing to do or answers anyway.
    pub(crate) fn watched(self: &Arc<Self>) -> JoinHandle<()> {
        let member = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                if member.in_flight() == 0 {
                    member.busy.notified().await;
                }
                sleep(SILENT).await;
                if member.in_flight() > 0 && member.silent_for() >= SILENT {
                    member.ask().await;
                }
            }
        })
    }

    /// Asks whether it is there; blocked is who does not say so.
    async fn ask(&self) {
        let mut client = ConnectorMetadataServiceClient::new(self.channel());
        let says = client.list_connectors(ListConnectorsRequest {});
        tokio::pin!(says);
        if timeout(SAYS_SO, &mut says).await.is_err() {
            self.blocked.send_if_modified(|since| {
                since.is_none().then(|| *since = Some(Instant::now())).is_some()
            });
            // However long that takes; a dead process ends it with an error.
            says.await.ok();
        }
        self.note_answer();
        self.blocked.send_if_modified(|since| since.take().is_some());
    }
}
