//! Rule: a job that failed so that it is tried again is cancelled, where Flyte leaves that to nobody.
//! Flyte 2 deletes it before the next attempt. Flyte 1 deletes only what is under way, and may ask about
//! such a job once more, which gets the answer it got before.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::{ErasedResource, JobRequest};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::Creates;
use super::flight::Flight;
use crate::call::Call;
use crate::memory::Key;
use crate::observer::Observer;

/// The most jobs remembered that were left behind.
pub(super) const MOST_LEFT: usize = 10_000;
/// How long their last answer is remembered.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// A job that was left behind.
#[derive(Debug, Clone)]
pub(super) struct LeftBehind {
    /// What was told of it last.
    answer: Arc<ErasedResource>,
    /// Wakes its cancellation.
    hurry: Arc<Notify>,
}

impl Creates {
    /// The last answer about a job that is being cancelled, or was.
    pub(crate) fn last_answer(&self, resource_meta: &[u8]) -> Option<ErasedResource> {
        if self.left_behind.is_empty() {
            return None;
        }
        let left = self.left_behind.get(&Key::of(resource_meta))?;
        Some(Arc::unwrap_or_clone(left.answer))
    }

    /// Flyte 1 was told that a job may be tried again: it is cancelled when the next attempt begins, and
    /// soon in any case.
    pub(crate) fn leave_behind(
        self: &Arc<Self>,
        request: &JobRequest,
        answer: &ErasedResource,
        call: &Call,
    ) {
        let key = Key::of(&request.resource_meta);
        if self.left_behind.get(&key).is_some() {
            return;
        }
        let hurry = Arc::new(Notify::new());
        let left = LeftBehind { answer: Arc::new(answer.clone()), hurry: Arc::clone(&hurry) };
        self.left_behind.put(key, left);
        let (creates, observer) = (Arc::clone(self), Arc::clone(&call.observer));
        let (context, request) = (call.context.clone(), request.clone());
        let under_way = self.unsettled.begin();
        self.site.server.spawn(async move {
            let JobRequest { resource_meta, connection, .. } = request;
            let row = match &creates.site.durable {
                Some(durable) => {
                    let wait = creates.site.policy().create_grace;
                    Some(durable.to_cancel(&context, None, &resource_meta, wait).await)
                }
                None => None,
            };
            creates.until_hurried(&hurry).await;
            creates.cancelled(&context, row, resource_meta, connection, &*observer).await;
            drop(under_way);
        });
    }

    async fn until_hurried(&self, hurry: &Notify) {
        let mut draining = self.draining.subscribe();
        if *draining.borrow_and_update() {
            return;
        }
        tokio::select! {
            () = sleep(self.site.policy().create_grace) => {}
            () = hurry.notified() => {}
            _ = draining.changed() => {}
        }
    }

    /// The next attempt has begun under Flyte 1: the job of the one before is over, whatever became of it.
    pub(super) fn cancel_previous(
        self: &Arc<Self>,
        previous: &Key,
        flight: &Arc<Flight>,
        observer: &Arc<dyn Observer>,
    ) {
        let Some(meta): Option<Bytes> = self.kept.remove(previous) else {
            return;
        };
        self.unpolled.remove(&Key::of(&meta));
        match self.left_behind.get(&Key::of(&meta)) {
            // Its cancellation waits already.
            Some(left) => left.hurry.notify_one(),
            None => self.cancel_later(flight, meta, observer),
        }
    }
}
