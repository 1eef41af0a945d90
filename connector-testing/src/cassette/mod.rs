//! A vendor's HTTP on a file: recorded once from the real one, replayed in every test after that.
//! Authors point their connector at a `Cassette` instead of the vendor.
//! Nothing here knows a connector; what a vendor must do to be a job service is `Vendor`'s business.
//!
//! The code is our own because the servers for tests that were looked at play one answer per
//! request, not the next of several, or write secrets down, or run on threads of their own, whose
//! work paused time does not wait for.

#[cfg_attr(not(feature = "record"), path = "no_client.rs")]
mod client;
mod comparison;
mod content;
mod error;
mod file;
mod player;
mod recorder;
mod redaction;
mod server;
mod setup;
mod translation;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tokio::task::JoinHandle;

pub use self::error::CassetteError;
use self::file::Recording;
use self::server::{Deck, Side};
pub use self::setup::{CassetteBuilder, Mode};
use crate::socket_time::SocketTime;

/// The variable that turns replays into recordings.
const RECORD: &str = "CONNECTOR_TESTING_RECORD";

/// A server on a port of this machine that answers as a vendor once did.
///
/// A test is written once. Usually it is a *replay*: the answers come from a file beside the test,
/// and there is no network. With `CONNECTOR_TESTING_RECORD=1` in the environment, and the feature
/// `record` of this crate, the same test is a *recording*: each request goes to the real vendor, and
/// the file is written when the test calls [`finish`](Self::finish).
///
/// ```sh
/// CONNECTOR_TESTING_RECORD=1 cargo test --features connector-testing/record --test farm
/// ```
///
/// Any HTTP client will do, as long as its base URL can be set:
///
/// ```
/// use connector_testing::Cassette;
/// # use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let runtime = tokio::runtime::Builder::new_current_thread()
/// #     .enable_all().start_paused(true).build()?;
/// # runtime.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("farm.json");
/// # std::fs::write(&path, r#"{"format": 1, "exchanges": [
/// #     {"request": {"method": "GET", "path": "/v1/jobs/j-1"},
/// #      "response": {"status": 200, "json": {"state": "QUEUED"}}},
/// #     {"request": {"method": "GET", "path": "/v1/jobs/j-1"},
/// #      "response": {"status": 200, "json": {"state": "DONE"}}}]}"#)?;
/// # async fn get(url: &str, path: &str) -> std::io::Result<String> {
/// #     let mut vendor = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await?;
/// #     let request = format!("GET {path} HTTP/1.1\r\nhost: farm\r\nconnection: close\r\n\r\n");
/// #     vendor.write_all(request.as_bytes()).await?;
/// #     let mut answer = String::new();
/// #     vendor.read_to_string(&mut answer).await?;
/// #     Ok(answer)
/// # }
/// // In a test: `#[tokio::test(start_paused = true)]`.
/// let farm = Cassette::at(&path) // "tests/cassettes/farm.json"
///     .vendor("https://api.farm.example")
///     .secret("the key that the task brings")
///     .ignore("idempotency_key")
///     .start()
///     .await?;
///
/// // The connector gets `farm.url()` as its base URL. The same poll has a new answer each time.
/// assert!(get(farm.url(), "/v1/jobs/j-1").await?.ends_with(r#"{"state":"QUEUED"}"#));
/// assert!(get(farm.url(), "/v1/jobs/j-1").await?.ends_with(r#"{"state":"DONE"}"#));
/// farm.finish()?;
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Which answer a request gets
///
/// Requests are the same if method, path, query and body are. Bodies of JSON are compared by value,
/// parameters of a query and of forms without order, everything else byte by byte; headers are not
/// compared. Fields and parameters that are new in every run are left out by
/// [`ignore`](CassetteBuilder::ignore).
///
/// Equal requests get the recorded answers one after the other, whatever other requests come in
/// between. After the last, GET and HEAD get that once more, since a job may be polled more often
/// than it was; any other request beyond the record is answered 501, and so is one that was never
/// recorded. The text of that answer says what is nearest in the file, [`finish`](Self::finish)
/// says it again, and a cassette dropped without `finish` panics with it.
///
/// # The file
///
/// It is meant to be read, reviewed and edited. Answers that a vendor will not give on demand, such
/// as errors, are written by hand, see [`by_hand`](CassetteBuilder::by_hand).
///
/// ```json
/// {
///   "format": 1,
///   "note": "for people; kept when the file is recorded anew",
///   "exchanges": [
///     {
///       "note": "for people",
///       "request": { "method": "POST", "path": "/v1/jobs?dry=1", "json": { "fps": 24 } },
///       "response": {
///         "status": 429,
///         "headers": { "retry-after": "7" },
///         "json": { "error": "slow down", "more": "{base_url}/docs/limits" }
///       }
///     }
///   ]
/// }
/// ```
///
/// | field | meaning |
/// |---|---|
/// | `json`, `text`, `base64` | the body: at most one of them; objects and lists are recorded as `json`, and sent without spaces |
/// | `headers` | of the answer; without a `content-type` there is the one of JSON or of plain text |
/// | `{base_url}` | the address that the connector was given; in a recording it replaces the vendor's |
///
/// Both notes and `headers` may be missing. A field that is not listed here is an error.
///
/// # Secrets
///
/// Headers of requests are not written down. Of answers, those with `auth`, `cookie`, `token`,
/// `secret`, `password`, `credential`, `api-key` or `signature` in their names are left out, unless
/// [`keep_header`](CassetteBuilder::keep_header) names one. Values given to
/// [`secret`](CassetteBuilder::secret) become `***` wherever they stand, also URL-encoded or, by
/// themselves, in base64, and so do the fields `access_token`, `refresh_token`, `id_token`, `client_secret`,
/// `password`, `api_key`, `apiKey` and what [`secret_field`](CassetteBuilder::secret_field) names.
/// Read a new file before you commit it all the same.
///
/// # Time
///
/// A replay works on tokio's paused clock, and a [`SocketTime`] keeps that from running ahead of the
/// answers. A recording sets the clock going, because the vendor's does; where the vendor is a fake
/// in the same test there is [`keep_clock`](CassetteBuilder::keep_clock).
pub struct Cassette {
    deck: Arc<Deck>,
    path: PathBuf,
    server: JoinHandle<()>,
    is_finished: bool,
    _time: SocketTime,
}

impl Cassette {
    /// A cassette with its file at `path`; a relative one begins at the package's folder, where
    /// cargo runs tests.
    pub fn at(path: impl AsRef<Path>) -> CassetteBuilder {
        CassetteBuilder::new(path.as_ref().to_owned())
    }

    /// The base URL for the connector, `http://127.0.0.1:…` without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        self.deck.own_url()
    }

    /// What it does: replay or record.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.deck.side {
            Side::Replay(_) => Mode::Replay,
            Side::Record(_) => Mode::Record,
        }
    }

    /// Ends it. A recording is written to its file.
    ///
    /// # Errors
    /// Of a replay: requests that were not in the file, and recorded ones that nobody asked for. Of
    /// a recording: requests that the vendor did not answer, and a file that cannot be written;
    /// what was there before stays.
    pub fn finish(mut self) -> Result<(), CassetteError> {
        self.is_finished = true;
        let mut complaints = self.complaints();
        match &self.deck.side {
            Side::Replay(player) => {
                let player = player.lock().unwrap_or_else(PoisonError::into_inner);
                complaints.extend(player.unasked());
            }
            Side::Record(recorder) if complaints.is_empty() => match recorder.take() {
                Ok(exchanges) => {
                    let mut recording = Recording::new(exchanges);
                    recording.note = Recording::read(&self.path).ok().and_then(|old| old.note);
                    return recording.write(&self.path);
                }
                Err(waiting) => complaints.push(format!(
                    "{waiting} request(s) still wait for the vendor\n  help: wait for all answers \
                     before `finish`"
                )),
            },
            Side::Record(_) => {}
        }
        match complaints.is_empty() {
            true => Ok(()),
            false => Err(self.told(&complaints)),
        }
    }

    /// What went wrong so far, each once.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = self.deck.complaints().clone();
        let mut seen = std::collections::BTreeSet::new();
        complaints.retain(|text| seen.insert(text.clone()));
        complaints
    }

    fn told(&self, complaints: &[String]) -> CassetteError {
        let outcome = match self.mode() {
            Mode::Replay => "does not fit this run",
            Mode::Record => "was not recorded",
        };
        let path = self.path.display();
        CassetteError::new(format!("the cassette {path} {outcome}:\n- {}", complaints.join("\n- ")))
    }
}

impl Drop for Cassette {
    #[expect(clippy::panic, clippy::print_stderr, reason = "a test has to fail, and say why")]
    fn drop(&mut self) {
        self.server.abort();
        if self.is_finished {
            return;
        }
        let mut complaints = self.complaints();
        if self.mode() == Mode::Record {
            complaints.push("the test ended before `finish`, which writes the file".to_owned());
        }
        if complaints.is_empty() {
            return;
        }
        let told = self.told(&complaints);
        match std::thread::panicking() {
            true => eprintln!("{told}"),
            false => panic!("{told}"),
        }
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette")
            .field("path", &self.path)
            .field("url", &self.url())
            .field("mode", &self.mode())
            .finish_non_exhaustive()
    }
}
