//! What goes on beside the calls: leases are renewed, others hear that this process is there, what ran out goes, and a database that went is looked
//! for again and told what it missed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Inner;
use crate::engine::{Fault, Step};

/// How often a lease is renewed within its time.
const RENEWALS: u32 = 3;
/// When a database that went is looked for again: at first, as it may be one that restarts, and later.
const SOON: Duration = Duration::from_millis(100);
const AT_FIRST: Duration = Duration::from_secs(5);
const AT_LAST: Duration = Duration::from_secs(5);
/// How often rows are sought whose time is over, and how many go at once.
const CLEAN_EVERY: Duration = Duration::from_secs(10);
const MOST_CLEANED: i64 = 5_000;

/// Keeps the store up until nobody has it any more.
pub(super) async fn keep_up(store: Weak<Inner>) {
    let Some((went, renew_every)) = store
        .upgrade()
        .map(|inner| (Arc::clone(&inner.presence.went), inner.settings.lease / RENEWALS))
    else {
        return;
    };
    let mut cleaned = Instant::now();
    let mut look_again = SOON;
    loop {
        let away = store.upgrade().and_then(|inner| inner.presence.away_for());
        if away.is_none() {
            // Until it goes, or a lease needs it. The store may go meanwhile.
            timeout(renew_every, went.notified()).await.ok();
        } else {
            tokio::time::sleep(look_again).await;
            let may_restart = away.is_some_and(|away| away < AT_FIRST);
            look_again = if may_restart { SOON } else { (look_again * 2).min(AT_LAST) };
        }
        let Some(inner) = store.upgrade() else {
            return;
        };
        if inner.presence.is_up() {
            inner.renew().await.ok();
            inner.beat().await.ok();
            if cleaned.elapsed() >= CLEAN_EVERY {
                cleaned = Instant::now();
                inner.clean_up().await;
                inner.clean_peers().await;
            }
        } else {
            inner.look_again().await;
        }
    }
}

impl Inner {
    /// One statement for all that this process holds; none where it holds nothing.
    async fn renew(&self) -> Result<(), Fault> {
        let fences: Vec<String> = self.held().values().map(|held| held.fence.to_string()).collect();
        if fences.is_empty() {
            return Ok(());
        }
        let values = vec![
            self.owner.as_str().into(),
            fences.join(",").as_str().into(),
            self.settings.lease.into(),
        ];
        let renewed = vec![Step { statement: &self.statements().renew, values }];
        self.noted(self.engine.run_aside(renewed).await).map(drop)
    }

    async fn clean_up(&self) {
        let values = vec![MOST_CLEANED.into()];
        // What is not cleaned now is cleaned the next time.
        self.run(vec![Step { statement: &self.statements().clean_up, values }]).await.ok();
    }

    /// Looks whether the database is there again, and tells it what it missed.
    async fn look_again(&self) {
        let told = async {
            self.probe().await?;
            // Before anybody finds these leases run out.
            self.renew().await?;
            self.beat().await?;
            self.flush().await?;
            // Before anybody doubts that these were asked about.
            self.tell_asked().await
        };
        let address = &self.settings.address;
        match told.await {
            Ok(()) => self.backlog.if_empty(|| self.presence.back(address)),
            Err(fault) => self.presence.still_gone(address, &fault),
        }
    }

    /// Tells the database what it missed, in order.
    pub(super) async fn flush(&self) -> Result<(), Fault> {
        let _one_at_a_time = self.flushing.lock().await;
        while let Some((number, told)) = self.backlog.first() {
            match self.engine.run(told.steps(self)).await {
                Ok(answers) => {
                    let rows = answers.into_iter().next().unwrap_or_default();
                    let heard = self.heard(&told, rows).await;
                    // If it goes over this, it is told all of it again.
                    match self.heard_late(&told, heard).await {
                        Ok(()) | Err(Fault::Refused(_)) => self.backlog.done(number),
                        Err(away) => return Err(away),
                    }
                }
                Err(Fault::Refused(why)) => {
                    tracing::error!("{} refused a statement: {why}", self.settings.address);
                    self.backlog.done(number);
                    self.backlog.count_lost();
                }
                Err(away) => return Err(away),
            }
        }
        Ok(())
    }
}
