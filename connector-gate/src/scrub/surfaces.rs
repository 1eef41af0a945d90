//! Where a secret can show: every text of what a connector answers, and of how it fails.
//! `Scrubber` and `KnownSecrets` share this; `dispatch` calls it before anything is logged or sent.
//! Outputs are left alone: they are the task's data, and changing them would corrupt it.

use std::error::Error;
use std::fmt;

use connector_core::host::{CallError, ErasedResource};
use connector_core::logs::LogPage;
use connector_core::metrics::Metric;
use connector_core::{ConnectorError, MetaError};
use prost_types::{Struct, Value, value::Kind};

/// How many causes of an error are kept.
const MOST_CAUSES: usize = 32;

/// Puts stars in place of secrets.
pub trait Scrub {
    /// The text with stars in place of secrets; `None` if there are none in it.
    fn scrubbed(&self, text: &str) -> Option<String>;

    /// Scrubs a text. Whether there was a secret in it.
    fn text(&self, text: &mut String) -> bool {
        let scrubbed = self.scrubbed(text);
        let shows = scrubbed.is_some();
        if let Some(scrubbed) = scrubbed {
            *text = scrubbed;
        }
        shows
    }

    /// Scrubs what a connector says about a job.
    fn resource(&self, resource: &mut ErasedResource) {
        self.text(&mut resource.message);
        if let Some(state) = &mut resource.unknown_state {
            self.text(state);
        }
        for link in &mut resource.log_links {
            self.text(&mut link.uri);
            self.text(&mut link.name);
            self.text(&mut link.icon_uri);
        }
        self.object(&mut resource.custom_info);
    }

    /// Scrubs the lines of a job's log and the token of the next page. A page that another service sent
    /// stays as it was sent if no secret is in it; else only what is known of it is left.
    fn log_page(&self, page: &mut LogPage) {
        let mut shows = false;
        for line in &mut page.lines {
            shows |= self.text(&mut line.message);
        }
        if let Some(token) = &mut page.next_token {
            shows |= self.text(token);
        }
        // The name of a pod can hold a secret, and so can a field that nobody here knows.
        if page.sent().is_some_and(|sent| shows || self.scrubbed(&texts(sent)).is_some()) {
            page.forget_sent();
        }
    }

    /// Scrubs the measurements of a job.
    fn metrics(&self, metrics: &mut [Metric]) {
        for metric in metrics {
            self.text(&mut metric.name);
            self.object(&mut metric.data);
        }
    }

    /// Scrubs every key and value of an object, at any depth.
    fn object(&self, object: &mut Struct) {
        self.keys(object);
        let mut open: Vec<&mut Value> = object.fields.values_mut().collect();
        while let Some(value) = open.pop() {
            let Some(kind) = &mut value.kind else { continue };
            match kind {
                Kind::StringValue(text) => {
                    self.text(text);
                }
                Kind::NumberValue(number) => {
                    // A secret of digits only can be told as a number.
                    if let Some(scrubbed) = self.scrubbed(&number.to_string()) {
                        *kind = Kind::StringValue(scrubbed);
                    }
                }
                Kind::StructValue(inner) => {
                    self.keys(inner);
                    open.extend(inner.fields.values_mut());
                }
                Kind::ListValue(list) => open.extend(list.values.iter_mut()),
                Kind::NullValue(_) | Kind::BoolValue(_) => {}
            }
        }
    }

    /// Scrubs the keys of an object. Keys that become the same are told apart by a number.
    fn keys(&self, object: &mut Struct) {
        let renamed: Vec<(String, String)> = object
            .fields
            .keys()
            .filter_map(|key| Some((key.clone(), self.scrubbed(key)?)))
            .collect();
        for (key, scrubbed) in renamed {
            let Some(value) = object.fields.remove(&key) else { continue };
            let mut name = scrubbed.clone();
            let mut count = 1_u32;
            while object.fields.contains_key(&name) {
                count += 1;
                name = format!("{scrubbed} ({count})");
            }
            object.fields.insert(name, value);
        }
    }

    /// Scrubs an error: its message and every cause behind it, which the log shows. The kind stays.
    fn error(&self, error: CallError) -> CallError {
        match error {
            CallError::Meta(error) => match self.scrubbed(&error.to_string()) {
                Some(scrubbed) => CallError::Meta(MetaError::new(scrubbed)),
                None => CallError::Meta(error),
            },
            CallError::Connector(error) => CallError::Connector(self.connector_error(error)),
        }
    }

    /// Scrubs what a connector failed with, see [`Scrub::error`].
    fn connector_error(&self, error: ConnectorError) -> ConnectorError {
        let mut leaks = self.scrubbed(error.message()).is_some();
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source.filter(|_| causes.len() < MOST_CAUSES) {
            let text = cause.to_string();
            let scrubbed = self.scrubbed(&text);
            leaks |= scrubbed.is_some();
            causes.push(scrubbed.unwrap_or(text));
            source = cause.source();
        }
        // A chain longer than that is not looked at to its end, so it is not kept to its end.
        if !leaks && source.is_none() {
            return error;
        }
        let mut message = error.message().to_owned();
        self.text(&mut message);
        let kept = ConnectorError::new(error.kind(), message);
        let chain = causes
            .into_iter()
            .rev()
            .fold(None, |source, text| Some(Box::new(Cause { text, source })));
        match chain {
            Some(cause) => kept.with_source(cause as Box<dyn Error + Send + Sync>),
            None => kept,
        }
    }
}

/// The texts of a message in its own bytes, each in a line: what stands between them is no text.
fn texts(message: &[u8]) -> String {
    let between = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\r');
    String::from_utf8_lossy(message).replace(between, "\n")
}

/// The text of a cause, once the error it came from could no longer be kept.
#[derive(Debug)]
struct Cause {
    text: String,
    source: Option<Box<Self>>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
