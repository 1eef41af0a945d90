//! A request as it came, before anybody read it.
//! A server keeps it in the context of a call where connectors pass requests on; others never look at it.

use std::fmt;

use bytes::Bytes;

/// A request in its own bytes, for connectors that pass it on: what this version does not know of it
/// goes along.
#[derive(Clone)]
pub struct Wire {
    /// The method that was called: the last part of the path.
    pub method: &'static str,
    /// The message, as it was before it was packed.
    pub message: Bytes,
}

impl fmt::Debug for Wire {
    // The message may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("method", &self.method).finish_non_exhaustive()
    }
}
