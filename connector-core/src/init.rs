//! What an author's `init` may give: the connector, a result of one, or a future of either.
//! Expansions of `#[connector]` hand its answer in through `__private`; nothing else comes here.
//! When it runs, and what becomes of an error, is decided in `registration` and `registry`.

use std::future::{Future, ready};

use crate::error::Result;
use crate::registration::InitFuture;
use crate::settings::Settings;

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

/// What can be `init`. `How` is inferred: it tells the impls apart, of which only one ever fits.
#[diagnostic::on_unimplemented(
    message = "`init` does not name a function of `Settings`",
    label = "this is `{Self}`",
    note = "write `fn connect(settings: Settings) -> Result<…>`, async or not, with the connector's type as its answer"
)]
pub trait TakesSettings<How> {
    /// What it gives.
    type Made;

    /// Calls it.
    fn call(self, settings: Settings) -> Self::Made;
}

/// It takes the settings themselves.
#[derive(Debug)]
pub struct Owned;

/// It takes a look at the settings.
#[derive(Debug)]
pub struct Borrowed;

#[diagnostic::do_not_recommend]
impl<F: FnOnce(Settings) -> Made, Made> TakesSettings<Owned> for F {
    type Made = Made;

    fn call(self, settings: Settings) -> Made {
        self(settings)
    }
}

#[diagnostic::do_not_recommend]
impl<F: FnOnce(&Settings) -> Made, Made> TakesSettings<Borrowed> for F {
    type Made = Made;

    fn call(self, settings: Settings) -> Made {
        self(&settings)
    }
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

/// What makes a connector without `init`: its `Default`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made: it has no `Default`",
    label = "neither `Default` nor `init`",
    note = "if each of its fields has a default, add `#[derive(Default)]` to `{Self}`",
    note = "if not, write `#[connector(…, init = {Self}::new)]` and `fn new(settings: Settings) -> Result<Self>`, async or not"
)]
pub trait MadeByDefault: Sized {
    /// The instance.
    fn made() -> Self;
}

#[diagnostic::do_not_recommend]
impl<C: Default> MadeByDefault for C {
    fn made() -> Self {
        Self::default()
    }
}

/// What makes a field of such a connector, where its `Default` is derived.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Default`, so the connector can have none",
    label = "no `Default`",
    note = "instead of deriving it write `#[connector(…, init = connect)]` and `fn connect(settings: Settings) -> Result<…>`, async or not"
)]
pub trait DefaultField: Sized {
    /// The field's value.
    fn value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> DefaultField for T {
    fn value() -> Self {
        Self::default()
    }
}

/// The value of a field.
#[must_use]
pub fn of_field<T: DefaultField>() -> T {
    T::value()
}

/// The instance of a connector without `init`.
//
// What keeps an instance from moving between threads is said at the author's impl, and only there.
#[must_use]
pub fn from_default<C: MadeByDefault + 'static>() -> InitFuture<C> {
    Box::pin(async { Ok(C::made()) })
}

/// What `init` gives.
pub fn call_init<F: TakesSettings<How>, How>(init: F, settings: Settings) -> F::Made {
    init.call(settings)
}

/// The instance of a connector with `init`.
pub fn from_init<C, How>(made: impl MakesInstance<C, How> + Send + 'static) -> InitFuture<C> {
    made.into_future()
}
