//! Everything expansions of the macros may name, and nothing else.
//! Not public: it may change in any release, together with `connector-macros`.

use std::future::Future;

pub use inventory;

use crate::connector::AsyncConnector;
use crate::error::Result;
use crate::meta::ResourceMeta;
pub use crate::registration::{InitFuture, LinkedConnector, Registration};
use crate::task::{TaskConfig, TaskConnection, TaskInputs, TaskOutputs};

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

/// Not public. Bound checks carry the user's spans, so the user's own token is underlined.
pub const fn assert_meta<T: ResourceMeta>() {}
/// Not public, see [`assert_meta`].
pub const fn assert_config<T: TaskConfig>() {}
/// Not public, see [`assert_meta`].
pub const fn assert_inputs<T: TaskInputs>() {}
/// Not public, see [`assert_meta`].
pub const fn assert_outputs<T: TaskOutputs>() {}
/// Not public, see [`assert_meta`].
pub const fn assert_connection<T: TaskConnection>() {}
/// Not public, see [`assert_meta`].
pub const fn assert_connector<T: AsyncConnector>() {}
/// Not public, see [`assert_meta`].
pub const fn assert_default<T: Default>() {}
