//! The processes behind one name that serve the same connectors, and who of them gets a call: the least
//! busy one that answers. A question that can be asked twice is asked again elsewhere when its process
//! turns out to be blocked.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tonic::Status;
use tonic::transport::Channel;

use super::member::{Member, Turn};

/// How often somebody who waits for a process that answers nobody looks for another one.
const LOOK: Duration = Duration::from_millis(10);

/// How long a call waits for a process where there is none: one that died is soon followed by another.
const COMES: Duration = Duration::from_secs(15);

/// Who serves.
#[derive(Debug)]
pub(crate) struct Pool {
    name: Arc<str>,
    members: RwLock<Vec<Arc<Member>>>,
    changed: watch::Sender<()>,
}

impl Pool {
    /// Nobody yet, under a name for people.
    pub(crate) fn new(name: impl Into<Arc<str>>) -> Arc<Self> {
        let changed = watch::Sender::new(());
        Arc::new(Self { name: name.into(), members: RwLock::default(), changed })
    }

    pub(crate) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn add(&self, member: Arc<Member>) {
        self.members.write().unwrap_or_else(PoisonError::into_inner).push(member);
        self.changed.send_replace(());
    }

    pub(crate) fn remove(&self, member: &Arc<Member>) {
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        members.retain(|known| !Arc::ptr_eq(known, member));
        drop(members);
        self.changed.send_replace(());
    }

    /// Whether nobody serves at present.
    pub(crate) fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    /// Told whenever somebody comes or goes.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Sends a call to the least busy process. While there is none, one that is being started is waited for.
    ///
    /// # Errors
    /// Nobody came, or what the call gave.
    pub(super) async fn send<A, F>(&self, call: impl Fn(Channel) -> F) -> Result<A, Status>
    where
        F: Future<Output = Result<A, Status>>,
    {
        let turn = timeout(COMES, self.turn_soon()).await.map_err(|_elapsed| self.nobody())?;
        answered(&turn, &call).await
    }

    /// Sends a question to the least busy process, and to another one as well if that turns out to
    /// answer nobody, unless the question itself may be what blocks it. The first answer counts.
    ///
    /// # Errors
    /// Nobody is there, or what the call gave.
    pub(super) async fn ask<A, F>(&self, call: impl Fn(Channel) -> F) -> Result<A, Status>
    where
        F: Future<Output = Result<A, Status>>,
    {
        let turn = self.turn().ok_or_else(|| self.nobody())?;
        let first = answered(&turn, &call);
        tokio::pin!(first);
        let other = tokio::select! {
            answer = &mut first => return answer,
            other = self.beside(&turn) => other,
        };
        tokio::select! {
            answer = &mut first => answer,
            answer = answered(&other, &call) => answer,
        }
    }

    /// Another process for a call whose own answers nobody, as soon as there is one. Never for a call that
    /// would block that one, too.
    async fn beside(&self, turn: &Turn) -> Turn {
        loop {
            turn.member().is_blocked().await;
            if turn.may_block() {
                return std::future::pending().await;
            }
            if let Some(other) = self.answering(turn.member()) {
                return other;
            }
            sleep(LOOK).await;
        }
    }

    /// The least busy process that answers, but not that one.
    fn answering(&self, but: &Arc<Member>) -> Option<Turn> {
        let members = self.members();
        let others = members.iter().filter(|other| !Arc::ptr_eq(other, but));
        let answering = others.filter(|other| other.blocked_since().is_none());
        answering.min_by_key(|other| other.in_flight()).map(Member::turn)
    }

    /// The least busy process that answers; if none does, the one that has been silent least.
    fn turn(&self) -> Option<Turn> {
        let members = self.members();
        let silent = |member: &Member| member.blocked_since().map(|since| since.elapsed());
        let chosen = members.iter().min_by_key(|member| (silent(member), member.in_flight()))?;
        Some(chosen.turn())
    }

    /// The same, as soon as there is one.
    async fn turn_soon(&self) -> Turn {
        let mut changes = self.changes();
        loop {
            if let Some(turn) = self.turn() {
                return turn;
            }
            // The sender lives as long as `self`.
            changes.changed().await.ok();
        }
    }

    fn members(&self) -> RwLockReadGuard<'_, Vec<Arc<Member>>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn nobody(&self) -> Status {
        Status::unavailable(format!("no process of {} is running; one is being started", self.name))
    }
}

async fn answered<A, F>(turn: &Turn, call: &impl Fn(Channel) -> F) -> Result<A, Status>
where
    F: Future<Output = Result<A, Status>>,
{
    let answer = call(turn.member().channel()).await;
    turn.answered();
    answer
}
