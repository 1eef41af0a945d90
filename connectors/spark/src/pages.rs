//! The web UIs of a master and its workers, as far as they answer programs: `/json` of a master, which lists
//! drivers and workers, and `/log` of a worker, which gives bytes of what a driver wrote. Neither is sent a token: those
//! are for the submission server.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use connector_core::prelude::*;
use connector_http::{BaseUrl, HttpClient, Reach, Url};
use futures_util::future::try_join;
use serde_json::Value;

use crate::states::DRIVER;

/// The most that is asked of a log at once, in bytes; a worker gives no more than 1 MiB.
pub(crate) const MOST_CHUNK: u64 = 512 * 1024;
/// The largest answer: the master's list has some hundred bytes for each driver, application and worker.
const MOST_ANSWER: usize = 16 * 1024 * 1024;
/// Of so many workers it is remembered where their pages are.
const MOST_WORKERS: usize = 10_000;
/// What was printed, or warned of.
pub(crate) const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// What a master knows.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "lowercase")]
pub(crate) struct State {
    workers: Vec<Worker>,
    activedrivers: Vec<Driver>,
    completeddrivers: Vec<Driver>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Worker {
    id: String,
    webuiaddress: String,
}

/// One driver; that is all that a master tells of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Driver {
    pub(crate) id: String,
    /// When it was submitted, in milliseconds since 1970; 4.3.0 has it as a text.
    starttime: Value,
    pub(crate) mainclass: String,
    pub(crate) state: String,
    /// Its worker, or the word `None`.
    worker: String,
}

impl State {
    /// All drivers, the newest first: their ids begin with the time of their submission.
    pub(crate) fn drivers(&self) -> Vec<&Driver> {
        let mut all: Vec<&Driver> =
            self.activedrivers.iter().chain(&self.completeddrivers).collect();
        all.sort_by(|one, other| other.id.cmp(&one.id));
        all
    }

    pub(crate) fn driver(&self, id: &str) -> Option<&Driver> {
        self.drivers().into_iter().find(|driver| driver.id == id)
    }
}

impl Driver {
    pub(crate) fn worker(&self) -> Option<&str> {
        Some(self.worker.as_str()).filter(|worker| !matches!(*worker, "" | "None"))
    }

    pub(crate) fn is_final(&self) -> bool {
        DRIVER.phase(&self.state).is_some_and(Phase::is_terminal)
    }

    /// When it was submitted, in milliseconds since 1970.
    pub(crate) fn submitted(&self) -> Option<u64> {
        self.starttime.as_u64().or_else(|| self.starttime.as_str()?.parse().ok())
    }
}

/// Some bytes of what a driver wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Where it begins and ends, and how much there is by now, in bytes.
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) all: u64,
    pub(crate) text: String,
}

impl Chunk {
    /// Reads `==== Bytes 0-22 of 22 of /work/driver-…/stdout ====` and what follows; `None` if that is not there.
    fn read(body: &str) -> Option<Self> {
        let (heading, text) = body.split_once('\n').unwrap_or((body, ""));
        let told = heading.strip_prefix("==== Bytes ")?.strip_suffix(" ====")?;
        let (range, rest) = told.split_once(" of ")?;
        let (begin, end) = range.split_once('-')?;
        let (all, _) = rest.split_once(" of ")?;
        let number = |text: &str| text.parse().ok();
        let (begin, end, all) = (number(begin)?, number(end)?, number(all)?);
        Some(Self { begin, end, all, text: text.to_owned() })
    }
}

/// Reads the pages.
#[derive(Debug)]
pub(crate) struct Pages {
    http: HttpClient,
    /// Where the pages of workers are, by their master's and their id.
    workers: Mutex<BTreeMap<(String, String), Url>>,
    /// The operator's own master, whose workers may be anywhere.
    own: Option<BaseUrl>,
    /// Where workers of others may be.
    reach: Reach,
}

impl Pages {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn new(own: Option<BaseUrl>, reach: Reach) -> Result<Self> {
        let http = HttpClient::builder("Spark's web UI").max_answer_bytes(MOST_ANSWER);
        let http = http.shunning(Reach::is_guarded);
        let http = http.user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")));
        Ok(Self { http: http.build()?, workers: Mutex::default(), own, reach })
    }

    /// What the master knows.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: it does not say.
    pub(crate) async fn state(&self, ui: &BaseUrl, call: Option<&CallContext>) -> Result<State> {
        let request = self.http.get(ui.url(&["json", ""])).attempts(3).within_any(call);
        let state: State = request.send().await?.json()?;
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if workers.len() + state.workers.len() > MOST_WORKERS {
            workers.clear();
        }
        for worker in &state.workers {
            // What a master tells that a task has named is the task's word.
            let url = Url::parse(&worker.webuiaddress).ok();
            let is_allowed = |url: &Url| {
                self.own.as_ref() == Some(ui) || self.reach.check("the worker", url).is_ok()
            };
            if let Some(url) = url.filter(is_allowed) {
                workers.insert((ui.as_str().to_owned(), worker.id.clone()), url);
            }
        }
        drop(workers);
        Ok(state)
    }

    /// Where the pages of that worker are.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: the master has forgotten it.
    pub(crate) async fn worker(
        &self,
        ui: &BaseUrl,
        worker: &str,
        call: Option<&CallContext>,
    ) -> Result<Url> {
        if let Some(known) = self.known(ui, worker) {
            return Ok(known);
        }
        self.state(ui, call).await?;
        self.known(ui, worker).ok_or_else(|| {
            let text = format!(
                "the master of Spark has no worker {worker} any more, or its pages are none that may be called: \
                 there are no logs of its drivers"
            );
            ConnectorError::new(ErrorKind::NotFound, text)
        })
    }

    fn known(&self, ui: &BaseUrl, worker: &str) -> Option<Url> {
        let which = (ui.as_str().to_owned(), worker.to_owned());
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).get(&which).cloned()
    }

    /// Bytes of what a driver wrote, from there on.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: the worker does not say. What it has not written, or has deleted, is empty.
    pub(crate) async fn chunk(
        &self,
        worker: &Url,
        (driver, stream): (&str, &str),
        (offset, length): (u64, u64),
        call: Option<&CallContext>,
    ) -> Result<Chunk> {
        let url = page(
            worker,
            "log/",
            &[
                ("driverId", driver),
                ("logType", stream),
                ("offset", &offset.to_string()),
                ("byteLength", &length.min(MOST_CHUNK).to_string()),
            ],
        );
        let answer = self.http.get(url).within_any(call).send().await?;
        let body = String::from_utf8_lossy(answer.body());
        let chunk = Chunk::read(&body).ok_or_else(|| {
            ConnectorError::transient(
                "the log page of Spark's worker begins with no range of bytes",
            )
        })?;
        // What is said of a folder that is not there is no log.
        Ok(if chunk.all == 0 { Chunk::default() } else { chunk })
    }

    /// The end of what a driver wrote, as much of it as fits into one chunk of that length: stdout and stderr.
    ///
    /// # Errors
    /// As [`Pages::chunk`].
    pub(crate) async fn tails(
        &self,
        worker: &Url,
        driver: &str,
        length: u64,
        call: &CallContext,
    ) -> Result<[String; 2]> {
        let tail = async |stream| {
            let all = self.chunk(worker, (driver, stream), (0, 1), Some(call)).await?.all;
            let from = all.saturating_sub(length);
            self.chunk(worker, (driver, stream), (from, length), Some(call)).await
        };
        let [stdout, stderr] = STREAMS;
        let (stdout, stderr) = try_join(tail(stdout), tail(stderr)).await?;
        Ok([stdout.text, stderr.text])
    }
}

/// A page of a worker's.
pub(crate) fn page(worker: &Url, path: &str, query: &[(&str, &str)]) -> Url {
    let mut url = worker.clone();
    let below = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{below}/{path}"));
    url.query_pairs_mut().clear().extend_pairs(query);
    url
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Chunk, State};

    #[test]
    fn a_chunk_has_its_range_before_it() {
        let read = Chunk::read("==== Bytes 5-22 of 30 of /work dir/driver-1/stdout ====\none\ntwo")
            .unwrap();
        assert_eq!((read.begin, read.end, read.all, read.text.as_str()), (5, 22, 30, "one\ntwo"));
        assert_eq!(Chunk::read("==== Bytes 0-0 of 0 of /x ====").unwrap().text, "");
        for body in ["", "<html>", "==== Bytes x-0 of 0 of /x ====", "==== Bytes 0-0 ===="] {
            assert_eq!(Chunk::read(body), None);
        }
    }

    #[test]
    fn drivers_are_the_newest_first() {
        let state: State = serde_json::from_value(json!({
            "activedrivers": [
                {"id": "driver-20261128095322-0002", "starttime": "1795859602053", "worker": "None", "mainclass": "A"}],
            "completeddrivers": [{"id": "driver-20261128095422-0003", "worker": "worker-1", "starttime": 7}],
        }))
        .unwrap();
        let ids: Vec<&str> = state.drivers().into_iter().map(|driver| driver.id.as_str()).collect();
        assert_eq!(ids, ["driver-20261128095422-0003", "driver-20261128095322-0002"]);
        let driver = state.driver("driver-20261128095322-0002").unwrap();
        assert_eq!((driver.worker(), driver.submitted()), (None, Some(1_795_859_602_053)));
        assert_eq!(
            (state.drivers()[0].worker(), state.drivers()[0].submitted()),
            (Some("worker-1"), Some(7))
        );
    }
}
