//! Everything expansions of the macros may name, and nothing else.
//! Not public: it may change in any release, together with `connector-macros`.

use std::future::Future;

pub use inventory;

use crate::error::Result;
pub use crate::registration::{InitFuture, LinkedConnector, Registration};
pub use crate::typed::{derived, enumeration, record, union};

/// Not public. The instance of a connector without `init`.
#[must_use]
pub fn from_default<C: Default + Send + 'static>() -> InitFuture<C> {
    Box::pin(async { Ok(C::default()) })
}

/// Not public. The instance of a connector with `init`.
pub fn from_init<C, F>(init: F) -> InitFuture<C>
where
    F: Future<Output = Result<C>> + Send + 'static,
{
    Box::pin(init)
}
