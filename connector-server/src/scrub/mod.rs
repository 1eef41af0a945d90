//! Secrets become `***` wherever they would leave the server: errors, messages, links, logs.
//! `dispatch` makes a `Scrubber` of a call's connection, and notes the values in the `KnownSecrets`
//! of the process for what carries no connection; `telemetry` writes through them.
//! What is looked for says `parts`, in which forms `needle`, in which spellings `spelling`.

mod effort;
mod index;
pub(crate) mod known;
mod needle;
mod parts;
mod spelling;
mod surfaces;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

use connector_core::pb;
use index::Index;
pub(crate) use known::KnownSecrets;
pub(crate) use surfaces::Scrub;

/// The size of the filter of a call's secrets, as a power of two.
const FILTER_BITS: u32 = 12;

/// Puts stars in place of the secrets of one call.
#[derive(Debug)]
pub(crate) struct Scrubber {
    index: Index,
}

impl Scrubber {
    /// For the secrets of a call's connection; `None` if it has none worth hiding.
    pub(crate) fn of(connection: Option<&pb::Connection>) -> Option<Self> {
        let secrets = &connection?.secrets;
        if secrets.is_empty() {
            return None;
        }
        let mut index = Index::new(FILTER_BITS);
        secrets.values().for_each(|value| index.insert(value));
        (!index.is_empty()).then_some(Self { index })
    }
}

impl Scrub for Scrubber {
    fn scrubbed(&self, text: &str) -> Option<String> {
        self.index.scrubbed(text)
    }
}
