//! A cancel, followed up until it is true.
//!
//! Ray's answer to a stop is a promise at best: of a job that waits it stays PENDING until its turn comes, and the stop
//! is forgotten if the head node restarts meanwhile. So each cancelled job is watched until its record is final,
//! and stopped again if it runs, by a task that outlives the call. If this process ends before, Ray's own stop and the
//! guard in the command remain.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connector_core::prelude::*;
use connector_http::Url;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::api::{Api, Place};
use crate::config::Access;

/// Longer than a job may wait for its supervisor: Ray fails it after 15 minutes.
const FOLLOWED_FOR: Duration = Duration::from_secs(20 * 60);
const FIRST_LOOK: Duration = Duration::from_millis(250);
const LONGEST_BETWEEN: Duration = Duration::from_secs(5);

/// How far a cancel has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// The record is final, or gone.
    Ended,
    /// Stopped while it waits: its command ends in the guard.
    WillNotStart,
    /// It runs still.
    Running,
}

/// What is known of a cancel; the error is the last one, as long as nothing else is known.
type Known = Option<std::result::Result<Cancelled, (ErrorKind, String)>>;

/// Cancels by address and id.
type Followed = BTreeMap<(String, String), watch::Receiver<Known>>;

/// The cancels that are followed up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancels(Arc<Mutex<Followed>>);

/// One cancel.
#[derive(Debug)]
pub(crate) struct Cancel(watch::Receiver<Known>);

impl Cancels {
    /// The cancel of that job, begun now unless it was before.
    pub(crate) fn follow(
        &self,
        api: &Arc<Api>,
        cluster: &Url,
        access: &Access,
        submission_id: &str,
    ) -> Cancel {
        let job = (cluster.to_string(), submission_id.to_owned());
        let mut followed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = followed.get(&job) {
            return Cancel(known.clone());
        }
        let (tell, known) = watch::channel(None);
        followed.insert(job.clone(), known.clone());
        drop(followed);
        let (all, api) = (self.clone(), Arc::clone(api));
        let (cluster, access) = (cluster.clone(), access.clone());
        tokio::spawn(async move {
            let place = Place { cluster: &cluster, access: &access };
            until_final(&api, place, &job.1, &tell).await;
            all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
        });
        Cancel(known)
    }
}

impl Cancel {
    /// How far it is once nothing more is to wait for, or after that time.
    ///
    /// # Errors
    /// The last one, where Ray has not taken the stop.
    pub(crate) async fn within(mut self, span: Duration) -> Result<Cancelled> {
        let settled = |known: &Known| matches!(known, Some(Ok(it)) if *it != Cancelled::Running);
        drop(timeout(span, self.0.wait_for(settled)).await);
        let known = self.0.borrow().clone();
        match known {
            Some(Ok(cancelled)) => Ok(cancelled),
            Some(Err((kind, text))) => Err(ConnectorError::new(kind, text)),
            None => Err(ConnectorError::transient("Ray has not answered the stop of the job yet")),
        }
    }
}

async fn until_final(api: &Api, place: Place<'_>, id: &str, tell: &watch::Sender<Known>) {
    let begun = Instant::now();
    let mut pause = FIRST_LOOK;
    let mut is_told = false;
    while begun.elapsed() < FOLLOWED_FOR {
        let looked = look(api, place, id, &mut is_told).await;
        let is_over = match &looked {
            Ok(Cancelled::Ended) => true,
            Err((kind, text)) => {
                tracing::warn!(id, "a cancel at Ray has not come through yet: {text}");
                // Nobody changes these by asking again; the next delete may bring another token.
                !matches!(kind, ErrorKind::Transient { .. })
            }
            Ok(_) => false,
        };
        tell.send_replace(Some(looked));
        if is_over {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_BETWEEN);
    }
    tracing::warn!(id, "a cancelled job at Ray is not final after {FOLLOWED_FOR:?}");
}

/// Looks where it stands, and stops it if it has not been told, or runs all the same.
async fn look(
    api: &Api,
    place: Place<'_>,
    id: &str,
    is_told: &mut bool,
) -> std::result::Result<Cancelled, (ErrorKind, String)> {
    let looked: Result<Cancelled> = async {
        let record = api.record(place, id, None).await?;
        if record.is_final() {
            return Ok(Cancelled::Ended);
        }
        let waits = record.status == "PENDING";
        if !*is_told || !waits {
            api.stop(place, id).await?;
            *is_told = true;
        }
        Ok(if waits { Cancelled::WillNotStart } else { Cancelled::Running })
    }
    .await;
    match looked {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Cancelled::Ended),
        looked => looked.map_err(|error| (error.kind(), error.message().to_owned())),
    }
}
