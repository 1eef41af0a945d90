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
use crate::config::ATTEMPT;
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
    found: Option<String>,
    /// Those of the class that nobody knows the attempt of.
    silent: Vec<Silent>,
    all: BTreeSet<String>,
}

#[derive(Debug)]
struct Silent {
    id: String,
    /// Whether it has a worker, which begins its log at any moment.
    is_starting: bool,
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

/// What is submitted, and for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) key: &'a str,
    /// The class that the master shows.
    pub(crate) class: &'a str,
    pub(crate) body: &'a Value,
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
        wanted: Wanted<'_>,
    ) -> Result<String> {
        let before = match ui {
            Some(ui) => self.settled(pages, ui, wanted).await?,
            None => Seen::default(),
        };
        if let Some(found) = before.found {
            tracing::info!(driver = found, "the attempt has its driver already");
            return Ok(found);
        }
        let submission = Submission::new();
        let submitted = submission.settle(async |tried| {
            if tried.in_doubt {
                let found = self.doubted(pages, ui, wanted, &before.all).await?;
                if let Some(found) = found {
                    return Ok(found);
                }
            }
            api.submit(master, wanted.body, &submission).await
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
            Ok(Seen { found: Some(found), .. }) if found < own => {
                tracing::info!(driver = found, own, "the attempt had its driver already");
                api.kill(master, &own).await?;
                Ok(found)
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
        if seen.found.is_some() {
            return Ok(seen.found);
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
            if driver.mainclass == wanted.class && driver.state != "KILLED" {
                reads.push(self.read(pages, ui, driver.clone()));
            }
        }
        let owners: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        let mut seen = Seen { all, ..Seen::default() };
        for (driver, owner) in owners {
            match owner {
                // The newest come first.
                Owner::Known(Some(key)) if key == wanted.key => seen.found = Some(driver.id),
                Owner::Known(_) => {}
                owner => {
                    let is_starting = matches!(owner, Owner::NotYet) && driver.worker().is_some();
                    seen.silent.push(Silent { id: driver.id, is_starting });
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
        let head = async {
            let worker = pages.worker(ui, worker, None).await?;
            pages.chunk(&worker, (&driver.id, "stderr"), (0, HEAD), None).await
        };
        let key = match head.await.map(|head| key_in(&head.text)) {
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
    let property = format!("\"-D{ATTEMPT}=");
    let (_, told) = match line.split_once(&property) {
        Some(found) => found,
        // Not ours, or not all of the line yet; it may be longer than what was read.
        None if line.contains("\n=====") || head.len() as u64 >= HEAD => return Some(None),
        None => return None,
    };
    let (key, _) = told.split_once('"')?;
    Some(Some(key.to_owned()))
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
