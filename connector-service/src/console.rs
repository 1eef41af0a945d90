//! What the process says itself, beside its log: where it serves, what a check found, why it ends.
//! `app` speaks through here. With JSON logs every line of it is one JSON object, too, of the log's own form.

use std::io::{self, Write};
use std::time::Duration;

use connector_core::jiff::Timestamp;
use connector_gate::{KnownSecrets, Scrub as _};
use serde_json::{Map, Value as Json, json};
use tracing_subscriber::filter::LevelFilter;

use crate::log_queue::LogQueue;
use crate::telemetry::{self, LogFormat};

/// How long the end of the process waits for the log to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Says things in the form that was asked for.
#[derive(Debug)]
pub(crate) struct Console {
    format: LogFormat,
    log: Option<&'static LogQueue>,
}

impl Console {
    /// For commands that people wait for.
    pub(crate) const fn of_command(format: LogFormat) -> Self {
        Self { format, log: None }
    }

    /// For a server: starts its log.
    pub(crate) fn of_server(level: LevelFilter, format: LogFormat) -> Self {
        Self { format, log: telemetry::start(level, format) }
    }

    /// Says something on standard output; as JSON with these fields.
    pub(crate) fn say(&self, text: &str, message: &str, fields: Map<String, Json>) {
        let text = match self.format {
            LogFormat::Text => text.to_owned(),
            LogFormat::Json => line("INFO", message, fields),
        };
        // A closed pipe is no reason to stop serving.
        write(io::stdout().lock(), &text);
    }

    /// Prints what a command was asked for, as it is.
    pub(crate) fn print(&self, text: &str) {
        write(io::stdout().lock(), text);
    }

    /// Says on standard error what may surprise, beside what a command was asked for.
    pub(crate) fn warn(&self, warning: &str) {
        let text = match self.format {
            LogFormat::Text => format!("warning: {warning}\n"),
            LogFormat::Json => line("WARN", warning, Map::new()),
        };
        write(io::stderr().lock(), &text);
    }

    /// Says on standard error why the process ends, and waits a moment for that to be read.
    pub(crate) fn complain(&self, problem: &str) {
        let problem = problem.trim_end();
        let problem = KnownSecrets::of_process().scrubbed(problem).unwrap_or(problem.to_owned());
        let text = match self.format {
            LogFormat::Text => format!("{problem}\n"),
            LogFormat::Json => {
                let problem = problem.strip_prefix("error: ").unwrap_or(&problem);
                line("ERROR", problem, Map::new())
            }
        };
        match self.log {
            // Behind the log, in order; and a pipe that nobody reads does not hold up the end.
            Some(log) => write(log.clone(), &text),
            None => write(io::stderr().lock(), &text),
        }
        self.end();
    }

    /// Waits a moment for the last spans to be taken, and for the log to be read.
    pub(crate) fn end(&self) {
        telemetry::end();
        if let Some(log) = self.log {
            log.written(LAST_WORDS);
        }
    }
}

/// One line of the form that the log has.
fn line(level: &str, message: &str, fields: Map<String, Json>) -> String {
    let mut all = Map::from_iter([("message".to_owned(), Json::from(message))]);
    all.extend(fields);
    let now = Timestamp::now();
    let target = env!("CARGO_CRATE_NAME");
    let line =
        json!({"timestamp": format!("{now:.6}"), "level": level, "fields": all, "target": target});
    format!("{line}\n")
}

fn write(mut to: impl Write, text: &str) {
    drop(to.write_all(text.as_bytes()).and_then(|()| to.flush()));
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value as Json};

    use super::line;

    #[test]
    fn a_line_of_json_is_like_one_of_the_log() {
        let fields = Map::from_iter([("grpc".to_owned(), Json::from("http://a:1"))]);
        let text = line("ERROR", "a \"b\"\nc", fields);
        assert_eq!((text.lines().count(), text.ends_with("}\n")), (1, true), "{text}");
        let read: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(read["fields"]["message"], "a \"b\"\nc");
        assert_eq!(
            (&read["level"], &read["fields"]["grpc"]),
            (&"ERROR".into(), &"http://a:1".into())
        );
        assert_eq!(read["target"], "connector_service");
        let time = read["timestamp"].as_str().unwrap();
        assert!(time.len() == "2026-01-02T03:04:05.678901Z".len() && time.ends_with('Z'), "{time}");
    }
}
