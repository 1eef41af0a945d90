//! Secrets become `***` wherever they would leave the server: errors, messages, links, logs.
//! `site` makes a `Scrubber` of a call's connection; the gate notes the values in the `KnownSecrets`
//! of the process for what carries no connection, such as a service's log.
//! What is looked for says `parts`, in which forms `needle`, in which spellings `spelling` and
//! `numbers`, and what of it is enough `cut`.

mod brought;
mod cut;
mod effort;
mod index;
mod known;
mod lent;
mod metadata;
mod needle;
mod numbers;
mod parts;
mod spelling;
mod surfaces;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

pub(crate) use brought::BroughtSecrets;
use connector_core::pb;
use index::{Index, TooCostly};
pub use known::{KnownSecrets, Noted};
pub(crate) use lent::LentSecrets;
pub(crate) use metadata::secret_in;
pub use surfaces::Scrub;

/// The size of the filter of a call's secrets, as a power of two.
const FILTER_BITS: u32 = 12;

/// The secrets of a call without a connection.
static NONE: BTreeMap<String, String> = BTreeMap::new();

/// Puts stars in place of the secrets of one call.
#[derive(Debug)]
pub(crate) struct Scrubber {
    own: Arc<Index>,
    lent: Option<Arc<Index>>,
}

impl Scrubber {
    /// For the secrets of a call's connection and for those its operator lends to it; `None` if
    /// there is nothing worth hiding.
    pub(crate) fn of(
        connection: Option<&pb::Connection>,
        brought: &BroughtSecrets,
        lent: Option<&LentSecrets>,
    ) -> Option<Self> {
        let lent = lent.and_then(LentSecrets::index);
        let own = connection.map_or(&NONE, |connection| &connection.secrets);
        if lent.is_none() && own.is_empty() {
            return None;
        }
        let own = brought.index(own);
        (lent.is_some() || !own.is_empty()).then_some(Self { own, lent })
    }
}

impl Scrubber {
    /// Where in these bytes secrets stand.
    fn found(&self, bytes: &[u8]) -> Result<Vec<Range<usize>>, TooCostly> {
        self.own.found_with(self.lent.as_deref(), bytes)
    }

    /// Whether a secret stands in these bytes; what is too costly to look through may hold anything.
    pub(crate) fn shows(&self, bytes: &[u8]) -> bool {
        self.found(bytes).map_or(true, |found| !found.is_empty())
    }
}

impl Scrub for Scrubber {
    fn scrubbed(&self, text: &str) -> Option<String> {
        self.own.scrubbed_with(self.lent.as_deref(), text)
    }
}
