//! How a cassette is set up: its file, its vendor, what is secret and what does not count.
//! Authors come here through `Cassette::at`; `start` decides between replay and recording.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::comparison::Comparison;
use super::error::CassetteError;
use super::file::Recording;
use super::player::Player;
use super::redaction::Redaction;
use super::server::{Deck, Side, serve};
use super::translation::Translation;
use super::{Cassette, RECORD};
use crate::socket_time::SocketTime;

/// The shortest value that can be told from ordinary text.
const SHORTEST_SECRET: usize = 4;

/// What a cassette does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It answers from its file.
    Replay,
    /// It asks the vendor, and writes its file.
    Record,
}

/// Sets up a [`Cassette`].
#[derive(Debug, Clone)]
#[must_use = "a cassette answers nothing before `start`"]
pub struct CassetteBuilder {
    path: PathBuf,
    vendor: Option<String>,
    comparison: Comparison,
    redaction: Redaction,
    mode: Option<Mode>,
    keeps_clock: bool,
    short_secret: bool,
}

impl CassetteBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            vendor: None,
            comparison: Comparison::default(),
            redaction: Redaction::default(),
            mode: None,
            keeps_clock: false,
            short_secret: false,
        }
    }

    /// Where to record from: the base URL that the connector would use without a cassette.
    pub fn vendor(mut self, url: impl Into<String>) -> Self {
        self.vendor = Some(url.into());
        self
    }

    /// Leaves a field out of the comparison of requests, at any depth of a body of JSON, and the
    /// parameter of that name in a query or a form: for what is new in every run. A recording writes
    /// `(ignored)` for such a field.
    pub fn ignore(mut self, name: impl Into<String>) -> Self {
        self.comparison.ignored.insert(name.into());
        self
    }

    /// Puts `***` for that value, wherever it stands. It has 4 bytes or more.
    ///
    /// A recording needs the real key and a replay does not, so tests take it from a variable of
    /// the environment and have another value where that is not set.
    pub fn secret(mut self, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        self.short_secret |= value.len() < SHORTEST_SECRET;
        self.redaction.secret(value);
        self
    }

    /// Puts `***` for the texts of fields of that name, in every body of JSON.
    pub fn secret_field(mut self, name: impl Into<String>) -> Self {
        self.redaction.secret_field(name.into());
        self
    }

    /// Records a header of answers that would be left out for its name, such as the token of the
    /// next page.
    pub fn keep_header(mut self, name: impl AsRef<str>) -> Self {
        self.redaction.keep_header(name.as_ref());
        self
    }

    /// Says that the file was written by hand: it is replayed also where the others are recorded.
    pub fn by_hand(self) -> Self {
        self.mode(Mode::Replay)
    }

    /// Replays or records, whatever the environment says.
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Leaves a paused clock paused during a recording: for a vendor that lives in the test itself.
    pub const fn keep_clock(mut self) -> Self {
        self.keeps_clock = true;
        self
    }

    /// Starts it on a free port, on the current runtime.
    ///
    /// # Errors
    /// In words: a file that cannot be read, a recording without a vendor or without the feature
    /// `record`, no port.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<Cassette, CassetteError> {
        if self.short_secret {
            return Err(CassetteError::new(format!(
                "a value given to `secret` has fewer than {SHORTEST_SECRET} bytes: it would be found \
                 everywhere\n  help: look at the variable it comes from"
            )));
        }
        let mode = match self.mode {
            Some(mode) => mode,
            None => mode_of(std::env::var(RECORD).ok().as_deref())?,
        };
        let side = match mode {
            Mode::Replay => {
                let recording = Recording::read(&self.path)?;
                Side::Replay(Mutex::new(Player::new(recording, self.comparison)))
            }
            Mode::Record => recording_side(&self.path, self.vendor.as_deref(), self.comparison)?,
        };
        let no_port = |error: std::io::Error| {
            CassetteError::new(format!("a cassette needs a free port on 127.0.0.1: {error}"))
        };
        let listener = TcpListener::bind("127.0.0.1:0").map_err(no_port)?;
        listener.set_nonblocking(true).map_err(no_port)?;
        let own_url = format!("http://{}", listener.local_addr().map_err(no_port)?);
        let listener = tokio::net::TcpListener::from_std(listener).map_err(no_port)?;

        if mode == Mode::Record && !self.keeps_clock && SocketTime::is_paused().await {
            tokio::time::resume();
        }
        let translation = Translation { own_url, redaction: self.redaction };
        let deck = Arc::new(Deck::new(translation, side));
        let server = tokio::spawn(serve(listener, Arc::clone(&deck)));
        let time = SocketTime::keep();
        Ok(Cassette { deck, path: self.path, server, is_finished: false, _time: time })
    }
}

/// What the variable asks for.
fn mode_of(value: Option<&str>) -> Result<Mode, CassetteError> {
    match value {
        None | Some("" | "0") => Ok(Mode::Replay),
        Some("1") => Ok(Mode::Record),
        Some(other) => Err(CassetteError::new(format!(
            "{RECORD} is {other:?}\n  help: 1 records, 0 or nothing replays"
        ))),
    }
}

fn recording_side(
    path: &Path,
    vendor: Option<&str>,
    comparison: Comparison,
) -> Result<Side, CassetteError> {
    let vendor = vendor.ok_or_else(|| {
        let help = "say where to record from with `vendor`, or that the file is written `by_hand`";
        CassetteError::of_file(path, "has no vendor", help)
    })?;
    super::recorder::Recorder::new(vendor, comparison).map(Side::Record)
}

#[cfg(test)]
mod tests {
    use super::{Mode, mode_of};

    #[test]
    fn the_variable_says_which() {
        let mode = |value: &str| mode_of(Some(value));
        assert_eq!(mode_of(None), Ok(Mode::Replay));
        assert_eq!(mode("0"), Ok(Mode::Replay));
        assert_eq!(mode("1"), Ok(Mode::Record));
        assert!(mode("yes").unwrap_err().to_string().contains("1 records"));
    }
}
