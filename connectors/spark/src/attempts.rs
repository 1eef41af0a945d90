//! Which driver is which attempt's. Spark takes no id and no name from whoever submits, and its master shows neither
//! names nor properties of drivers; but a driver's command line has the attempt's key, and its log begins with that
//! line. A driver that waits for a worker has no log, and so nobody knows whose it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{BaseUrl, Submission};
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::api::{Api, Master};
use crate::config::{ATTEMPT, TIME_LIMIT};
use crate::pages::{Driver, Pages};

/// The begin of a log that has the command line: class path and properties come before the arguments.
const HEAD: u64 = 64 * 1024;
/// Of so many drivers it is remembered whose they are.
const MOST_KNOWN: usize = 10_000;
/// So many logs are read at once.
const AT_ONCE: usize = 8;
/// How often it is looked again at a driver whose worker has not begun its log, and after what time.
const LOOKS: u32 = 4;
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Whose drivers are, by master and id, as far as it was read: the attempt's key, or none of ours.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<BTreeMap<(String, String), Option<String>>>);

/// What was seen of the drivers of a master.
#[derive(Debug, Default)]
struct Seen {
    /// That of the attempt; the first, should there be more.
    found: Option<Driver>,
    /// Those that may be it, of which nobody knows whose they are.
    silent: Vec<Silent>,
    all: BTreeSet<String>,
}

#[derive(Debug)]
struct Silent {
    id: String,
    /// Whether it has a worker, which begins its log at any moment.
    is_starting: bool,
    is_final: bool,
}

/// Whose a driver is.
enum Owner {
    /// The attempt with that key, or nobody of ours.
    Known(Option<String>),
    /// It has no log yet.
    NotYet,
    /// Its worker's pages cannot be read.
    Unreadable,
}

/// Whose driver is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) key: &'a str,
    /// The class that the master shows; none where nobody knows it.
    pub(crate) class: Option<&'a str>,
}

/// A driver that was found by the key of its attempt.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: String,
    pub(crate) class: String,
    /// In seconds, as its task has said.
    pub(crate) time_limit: Option<u64>,
}

impl Attempts {
    /// The driver of the attempt: the one that is there, or a new one.
    ///
    /// # Errors
    /// What Spark's refusal means. [`ErrorKind::Permanent`]: an answer was lost, and without a web UI nobody can say
    /// whether there is a driver.
    pub(crate) async fn submit(
        &self,
        api: &Api,
        master: Master<'_>,
        (pages, ui): (&Pages, Option<&BaseUrl>),
        (wanted, body): (Wanted<'_>, &Value),
    ) -> Result<String> {
        let before = match ui {
            Some(ui) => self.settled(pages, ui, wanted).await?,
            None => Seen::default(),
        };
        if let Some(found) = before.found {
            tracing::info!(driver = found.id, "the attempt has its driver already");
            return Ok(found.id);
        }
        let submission = Submission::new();
        let submitted = submission.settle(async |tried| {
            if tried.in_doubt {
                let found = self.doubted(pages, ui, wanted, &before.all).await?;
                if let Some(found) = found {
                    return Ok(found);
                }
            }
            api.submit(master, body, &submission).await
        });
        let id = submitted.await?;
        let Some(ui) = ui else { return Ok(id) };
        self.know(ui, &id, Some(wanted.key.to_owned()));
        self.first(api, master, (pages, ui), wanted, id).await
    }

    /// The attempt's driver, of that one and another that was submitted by another server at the same time: the first
    /// one of them; the other one is killed by whoever submitted it. Both see both as soon as workers have them.
    async fn first(
        &self,
        api: &Api,
        master: Master<'_>,
        (pages, ui): (&Pages, &BaseUrl),
        wanted: Wanted<'_>,
        own: String,
    ) -> Result<String> {
        match self.settled(pages, ui, wanted).await {
            Ok(Seen { found: Some(found), .. }) if found.id < own => {
                tracing::info!(driver = found.id, own, "the attempt had its driver already");
                api.kill(master, &own).await?;
                Ok(found.id)
            }
            Ok(_) => Ok(own),
            Err(error) => {
                tracing::warn!(
                    driver = own,
                    "whether there is another driver of the attempt is not known: {error}"
                );
                Ok(own)
            }
        }
    }

    /// The driver whose submission was answered by nobody, if there is one. The master takes one request after the
    /// other, so that one that has arrived is in its list by now.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: there is one that may be it, and it waits.
    async fn doubted(
        &self,
        pages: &Pages,
        ui: Option<&BaseUrl>,
        wanted: Wanted<'_>,
        before: &BTreeSet<String>,
    ) -> Result<Option<String>> {
        let Some(ui) = ui else {
            return Err(ConnectorError::permanent(
                "Spark's answer to the submission was lost, and whether there is a driver cannot be looked up without \
                 the master's web UI: give a `ui_url`. If there is one, it runs, and is nobody's",
            ));
        };
        let seen = self.settled(pages, ui, wanted).await?;
        if let Some(found) = seen.found {
            return Ok(Some(found.id));
        }
        match seen.silent.iter().find(|silent| !before.contains(&silent.id)) {
            None => Ok(None),
            Some(silent) => Err(ConnectorError::transient(format!(
                "Spark's answer to the submission was lost; the driver {} may be the one, which shows when a worker \
                 starts it",
                silent.id
            ))),
        }
    }

    /// The driver of the attempt with that key, should a server have died over its submission. It may be of any class.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: one that has not ended may be it, and nobody knows yet.
    pub(crate) async fn find(
        &self,
        pages: &Pages,
        ui: &BaseUrl,
        key: &str,
    ) -> Result<Option<Found>> {
        let seen = self.settled(pages, ui, Wanted { key, class: None }).await?;
        let Some(driver) = seen.found else {
            return match seen.silent.iter().find(|silent| !silent.is_final) {
                None => Ok(None),
                Some(silent) => Err(ConnectorError::transient(format!(
                    "whose the driver {} is shows when a worker has started it and can be read; until then nobody knows \
                     whether the attempt has one",
                    silent.id
                ))),
            };
        };
        let head = match driver.worker() {
            Some(worker) => Self::head(pages, ui, (worker, &driver.id)).await?,
            None => String::new(),
        };
        let time_limit = property(&head, TIME_LIMIT).and_then(|limit| limit.parse().ok());
        Ok(Some(Found { id: driver.id, class: driver.mainclass, time_limit }))
    }

    /// The begin of a driver's log.
    async fn head(pages: &Pages, ui: &BaseUrl, (worker, id): (&str, &str)) -> Result<String> {
        let worker = pages.worker(ui, worker, None).await?;
        Ok(pages.chunk(&worker, (id, "stderr"), (0, HEAD), None).await?.text)
    }

    /// What is seen once no driver that has a worker is without a log, or after some looks.
    async fn settled(&self, pages: &Pages, ui: &BaseUrl, wanted: Wanted<'_>) -> Result<Seen> {
        for _ in 1..LOOKS {
            let seen = self.look(pages, ui, wanted).await?;
            if seen.silent.iter().all(|silent| !silent.is_starting) {
                return Ok(seen);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.look(pages, ui, wanted).await
    }

    async fn look(&self, pages: &Pages, ui: &BaseUrl, wanted: Wanted<'_>) -> Result<Seen> {
        let state = pages.state(ui, None).await?;
        let drivers = state.drivers();
        let all = drivers.iter().map(|driver| driver.id.clone()).collect();
        let mut reads = Vec::new();
        for driver in drivers {
            // One that was killed is nobody's any more: its attempt was given up and has come back.
            let is_of_class = wanted.class.is_none_or(|class| driver.mainclass == class);
            if is_of_class && driver.state != "KILLED" {
                reads.push(self.read(pages, ui, driver.clone()));
            }
        }
        let owners: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        let mut seen = Seen { all, ..Seen::default() };
        for (driver, owner) in owners {
            match owner {
                // The newest come first.
                Owner::Known(Some(key)) if key == wanted.key => seen.found = Some(driver),
                Owner::Known(_) => {}
                owner => {
                    let is_starting = matches!(owner, Owner::NotYet) && driver.worker().is_some();
                    let is_final = driver.is_final();
                    seen.silent.push(Silent { id: driver.id, is_starting, is_final });
                }
            }
        }
        Ok(seen)
    }

    async fn read(&self, pages: &Pages, ui: &BaseUrl, driver: Driver) -> (Driver, Owner) {
        let owner = self.owner(pages, ui, &driver).await;
        (driver, owner)
    }

    async fn owner(&self, pages: &Pages, ui: &BaseUrl, driver: &Driver) -> Owner {
        let which = (ui.as_str().to_owned(), driver.id.clone());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&which).cloned();
        if let Some(key) = known {
            return Owner::Known(key);
        }
        let Some(worker) = driver.worker() else { return Owner::NotYet };
        let head = Self::head(pages, ui, (worker, &driver.id)).await;
        let key = match head.map(|head| key_in(&head)) {
            Ok(Some(key)) => key,
            // It never began to write, or that was cleaned up.
            Ok(None) if driver.is_final() => None,
            Ok(None) => return Owner::NotYet,
            Err(error) => {
                tracing::debug!(driver = driver.id, "whose driver it is cannot be read: {error}");
                return Owner::Unreadable;
            }
        };
        self.know(ui, &driver.id, key.clone());
        Owner::Known(key)
    }

    fn know(&self, ui: &BaseUrl, driver: &str, key: Option<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            // The oldest of a master, which its list has no more.
            known.pop_first();
        }
        known.insert((ui.as_str().to_owned(), driver.to_owned()), key);
    }
}

/// The key in a log's first line; `None` if that line is not there yet.
fn key_in(head: &str) -> Option<Option<String>> {
    let line = head.strip_prefix("Launch Command: ")?;
    match property(head, ATTEMPT) {
        Some(key) => Some(Some(key.to_owned())),
        // Not ours, or not all of the line yet; it may be longer than what was read.
        None if line.contains("\n=====") || head.len() as u64 >= HEAD => Some(None),
        None => None,
    }
}

/// The value of a property in a log's first line.
fn property<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (_, told) = head.split_once(&format!("\"-D{name}="))?;
    told.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::key_in;

    #[test]
    fn the_key_is_in_the_first_line() {
        let line = |properties: &str| {
            format!("Launch Command: \"java\" {properties} \"a.B\"\n=====\n\nhello\n")
        };
        assert_eq!(key_in(&line("\"-Dspark.flyte.attempt=k1\"")), Some(Some("k1".to_owned())));
        assert_eq!(key_in(&line("\"-Dspark.app.name=x\"")), Some(None));
        for unfinished in [
            "",
            "Launch Comm",
            "Launch Command: \"java\"",
            "Launch Command: \"-Dspark.flyte.attempt=k",
        ] {
            assert_eq!(key_in(unfinished), None);
        }
    }
}
