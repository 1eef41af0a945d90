//! Log lines on their way out: whole events at a time pass through the secrets known.
//! `telemetry` gives it to the subscriber, for both formats and for panics.

use std::io::{self, Write};

use connector_gate::{KnownSecrets, Scrub};
use tracing_subscriber::fmt::MakeWriter;

/// Makes writers that scrub.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScrubbedLines<M> {
    known: &'static KnownSecrets,
    sink: M,
}

impl<M> ScrubbedLines<M> {
    /// Scrubs what goes into `sink`.
    pub(crate) const fn new(known: &'static KnownSecrets, sink: M) -> Self {
        Self { known, sink }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for ScrubbedLines<M> {
    type Writer = EventWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EventWriter { known: self.known, sink: self.sink.make_writer(), event: Vec::new() }
    }
}

/// Holds one event until it is whole, as a secret may come in two pieces.
#[derive(Debug)]
pub(crate) struct EventWriter<W: Write> {
    known: &'static KnownSecrets,
    sink: W,
    event: Vec<u8>,
}

impl<W: Write> Write for EventWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.event.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let event = std::mem::take(&mut self.event);
        let text = String::from_utf8_lossy(&event);
        // All at once, so that no other line comes in between.
        match self.known.scrubbed(&text) {
            // A line stays a line, also when all of it is withheld.
            Some(scrubbed) => {
                self.sink.write_all(format!("{}\n", scrubbed.trim_end_matches('\n')).as_bytes())?;
            }
            None if event.is_empty() => {}
            None => self.sink.write_all(&event)?,
        }
        self.sink.flush()
    }
}

impl<W: Write> Drop for EventWriter<W> {
    fn drop(&mut self) {
        // Where the log cannot be written there is nobody left to tell.
        drop(self.flush());
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::{KnownSecrets, ScrubbedLines};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool) -> String {
        let known = Box::leak(Box::new(KnownSecrets::new()));
        known.note("hunter\"2\n!");
        let sink = Sink::default();
        let lines = {
            let sink = sink.clone();
            ScrubbedLines::new(known, move || sink.clone())
        };
        let builder = tracing_subscriber::fmt().with_writer(lines).with_ansi(false);
        let work = || {
            tracing::info!(field = "hunter\"2\n!", "message hunter\"2\n! end");
            tracing::info!(debug = ?("hunter\"2\n!", 1), "other");
            let _span = tracing::info_span!("span", key = "hunter\"2\n!").entered();
            tracing::info!("in a span");
        };
        if json {
            tracing::subscriber::with_default(builder.json().finish(), work);
        } else {
            tracing::subscriber::with_default(builder.finish(), work);
        }
        let text = sink.0.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn events_pass_without_their_secrets_in_either_format() {
        for json in [false, true] {
            let text = logged(json);
            assert!(!text.contains("hunter") && text.contains("***"), "{text}");
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(text.contains("end") && text.contains("other"), "{text}");
        }
    }

    #[test]
    fn a_secret_that_comes_in_pieces_is_still_found() {
        let known = Box::leak(Box::new(KnownSecrets::new()));
        known.note("hunter2");
        let sink = Sink::default();
        let lines = {
            let sink = sink.clone();
            ScrubbedLines::new(known, move || sink.clone())
        };
        let mut writer = tracing_subscriber::fmt::MakeWriter::make_writer(&lines);
        writer.write_all(b"key hun").unwrap();
        writer.write_all(b"ter2\n").unwrap();
        drop(writer);
        assert_eq!(sink.0.lock().unwrap().as_slice(), b"key ***\n");
    }
}
