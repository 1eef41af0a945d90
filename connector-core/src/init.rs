//! What an author's `init` may give: the connector, a result of one, or a future of either.
//! Expansions of `#[connector]` hand its answer in through `__private`; nothing else comes here.
//! When it runs, and what becomes of an error, is decided in `registration` and `registry`.

use std::future::{Future, ready};

use crate::error::Result;
use crate::registration::InitFuture;

/// What `init` may give. `How` is inferred: it tells the impls apart, of which only one ever fits.
#[diagnostic::on_unimplemented(
    message = "`init` gives `{Self}`, which makes no `{C}`",
    label = "does not make a `{C}`",
    note = "write `fn(Settings) -> Result<{C}>` or the same as an `async fn`; it may also give `{C}` without the `Result`"
)]
pub trait MakesInstance<C, How>: Sized {
    /// The instance, at once or later.
    //
    // What a future must be to be kept stands here and in `from_init`, not in the impls: so rustc says
    // what in it cannot be sent, and not that no impl fits.
    fn into_future(self) -> InitFuture<C>
    where
        Self: Send + 'static;
}

/// It is the connector.
#[derive(Debug)]
pub struct Plain;

/// It is a result of one.
#[derive(Debug)]
pub struct Fallible;

/// It is a future.
#[derive(Debug)]
pub struct Later<How>(How);

#[diagnostic::do_not_recommend]
impl<C: Send + 'static> MakesInstance<C, Plain> for C {
    fn into_future(self) -> InitFuture<C> {
        Box::pin(ready(Ok(self)))
    }
}

#[diagnostic::do_not_recommend]
impl<C: Send + 'static> MakesInstance<C, Fallible> for Result<C> {
    fn into_future(self) -> InitFuture<C> {
        Box::pin(ready(self))
    }
}

#[diagnostic::do_not_recommend]
impl<C, How, F> MakesInstance<C, Later<How>> for F
where
    F: Future<Output: MakesInstance<C, How> + Send + 'static>,
{
    fn into_future(self) -> InitFuture<C>
    where
        Self: Send + 'static,
    {
        Box::pin(async move { self.await.into_future().await })
    }
}

/// The instance of a connector without `init`.
#[must_use]
pub fn from_default<C: Default + Send + 'static>() -> InitFuture<C> {
    C::default().into_future()
}

/// The instance of a connector with `init`.
pub fn from_init<C, How>(made: impl MakesInstance<C, How> + Send + 'static) -> InitFuture<C> {
    made.into_future()
}
