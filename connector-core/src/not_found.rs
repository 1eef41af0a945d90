//! What `AsyncConnector::find` answers where the author wrote none: a future of a type that nobody else can
//! name, so that it can be told from one of the author's without making a connector.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Result;

/// Finds nothing.
pub(crate) struct NotFound<T>(PhantomData<fn() -> T>);

impl<T> NotFound<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Future for NotFound<T> {
    type Output = Result<Option<T>>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(None))
    }
}

impl<T> fmt::Debug for NotFound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotFound")
    }
}
