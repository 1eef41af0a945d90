//! Other connector services behind ours, in whatever language: their task types are served through the
//! gate as if they were linked here.
//! `app` opens them and looks at them once before it serves; `server` has them watched. A task type once
//! known stays known: while its service is away, polls are answered with what is known.

mod address;
pub(crate) mod answers;
mod forward;
mod member;
mod pass;
mod pool;
mod presence;
mod source;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use address::Address;
use connector_core::Registry;
use connector_core::host::{Entry, Origin};
use futures_util::future::join_all;
pub(crate) use member::Member;
pub(crate) use pool::Pool;
use presence::{Change, Presence};
use source::Unlisted;
pub(crate) use source::{Listed, Source};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::roster::Roster;

/// How often a service is asked what it serves.
const AGAIN: Duration = Duration::from_secs(10);
/// The same, for one that is away or too busy to say.
const SOON: Duration = Duration::from_secs(1);

/// What people should know of what is behind.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What is missing, and why.
    pub(crate) missing: Vec<String>,
    /// What is not asked, as something else serves the same: as it should be while connectors move over.
    pub(crate) unasked: Vec<String>,
}

impl Notes {
    /// All of them, what is missing first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &String> {
        self.missing.iter().chain(&self.unasked)
    }
}

/// All other services.
#[derive(Debug, Default, Clone)]
pub(crate) struct Upstreams {
    sources: Vec<Arc<Source>>,
}

impl Upstreams {
    pub(crate) const fn new(sources: Vec<Arc<Source>>) -> Self {
        Self { sources }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Takes what is served by now into the registry.
    pub(crate) async fn look(&self, registry: &mut Registry) -> Notes {
        let mut notes = Notes::default();
        // Of workers that do not run yet it is told why by whoever starts them.
        let sources: Vec<_> =
            self.sources.iter().filter(|source| !source.pool().is_empty()).collect();
        let looked = join_all(sources.iter().map(|source| source.list())).await;
        for (source, listed) in sources.into_iter().zip(looked) {
            let name = source.pool().name();
            match listed {
                Ok(Listed { entries, refused }) => {
                    let refused = refused.into_iter();
                    notes.missing.extend(refused.map(|why| format!("{name}: {why}; not served")));
                    for entry in entries {
                        let key = entry.key.clone();
                        if registry.add(entry) {
                            continue;
                        }
                        let serves = match registry.get(key.task_type.as_str(), key.version) {
                            Some(Entry { origin: Origin::Service(other), .. }) => other.to_string(),
                            _ => "the connector that is linked in".to_owned(),
                        };
                        notes
                            .unasked
                            .push(format!("{key}: {name} lists it, too; {serves} serves it"));
                    }
                }
                Err(why) => {
                    let joins = "a server takes in what it serves as soon as it is there";
                    notes.missing.push(format!("{}; {joins}", why.text()));
                }
            }
        }
        notes
    }

    /// Watches all of them for as long as the future is polled, and tells what changes.
    pub(crate) async fn watch(self, roster: Roster) {
        let mut watched = JoinSet::new();
        for source in self.sources {
            let roster = roster.clone();
            watched.spawn(async move { watch(&source, &roster).await });
        }
        while watched.join_next().await.is_some() {}
    }
}

/// Watches one service.
async fn watch(source: &Source, roster: &Roster) {
    let name = source.pool().name();
    let mut changes = source.pool().changes();
    let before: Vec<_> = source.known().into_iter().filter(|entry| roster.is_from(entry)).collect();
    let mut presence = Presence::new((!before.is_empty()).then(Instant::now));
    let mut known: BTreeSet<_> = before.into_iter().map(|entry| entry.name).collect();
    let mut told: BTreeSet<String> = BTreeSet::new();
    loop {
        let listed = source.list().await;
        if let Some(change) = presence.seen(&listed, Instant::now()) {
            let why = listed.as_ref().err().map_or("", Unlisted::text);
            tell(name, &change, why);
        }
        roster.upstream(name, presence.is_there());
        if let Ok(Listed { entries, refused }) = listed {
            for why in refused {
                if told.insert(why.clone()) {
                    tracing::warn!(upstream = %name, "not served: {why}");
                }
            }
            for entry in entries {
                if roster.add(&entry) {
                    tracing::info!(upstream = %name, "{} ({}) is served", entry.name, entry.key);
                }
                if roster.is_from(&entry) {
                    known.insert(entry.name);
                }
            }
        }
        for connector in &known {
            roster.serves(connector, presence.is_there());
        }
        let pause = if presence.answers() { AGAIN } else { SOON };
        // Whoever comes or goes is a reason to look at once.
        timeout(pause, changes.changed()).await.ok();
    }
}

fn tell(name: &str, change: &Change, why: &str) {
    match change {
        Change::Serves => tracing::info!(upstream = %name, "serves"),
        Change::IsBusy => tracing::warn!(upstream = %name, "is busy: {why}; it counts as there"),
        Change::IsAway => {
            let stays = "its task types stay, and polls are answered with what is known";
            tracing::warn!(upstream = %name, "is away: {why}; {stays}");
        }
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
