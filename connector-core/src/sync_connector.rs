//! What a connector does whose tasks are done within one call: the trait that authors write for it.
//! The server calls it through its object-safe twin in `erased_sync`.
//! Connectors that start a job and ask about it later are in `connector`.

use std::future::Future;
use std::marker::PhantomData;

use crate::connector::AsyncConnector;
use crate::error::Result;
use crate::request::CreateTask;
use crate::resource::Resource;
use crate::spec::SyncSpec;

/// What a connector does whose tasks are done within one call, such as a request to a web service.
/// Annotate it with `#[connector(…, sync)]`. One value serves all calls, many at a time.
///
/// ```
/// use connector_core::prelude::*;
///
/// #[connector(task_type = "shout", sync)]
/// #[derive(Debug, Default)]
/// pub struct Shout;
///
/// impl SyncConnector for Shout {
///     async fn run(&self, task: CreateTask<Self>) -> Result<Resource> {
///         let words = task.config.string("words")?.unwrap_or("hello").to_uppercase();
///         let outputs = DynamicOutputs::from_iter([("words", literal::string(words))]);
///         Ok(Resource::succeeded(outputs).message("shouted"))
///     }
/// }
/// # fn main() {}
/// ```
///
/// Flyte 1 makes one call of it, and makes that again when it loses the answer. Under Flyte 2, which has
/// no such call, the task is run when it is created, and the job is finished at its first poll. What it
/// ended with travels in the resource metadata until then, so it must fit there
/// ([`crate::Policy::max_meta_bytes`]).
///
/// The method may be cancelled at any `.await` when its caller leaves or its deadline passes (Flyte 1
/// waits 10 seconds by default), so do not hold half-finished work across one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `SyncConnector`",
    label = "`run` is missing",
    note = "write `impl SyncConnector for {Self}` with `run`",
    note = "if its tasks go on after the call, leave out `sync` and implement `AsyncConnector`"
)]
//
// The remarks behind bounds are for rustc, as in `AsyncConnector`.
pub trait SyncConnector:
    SyncSpec
    + Send // it is moved between threads: instead of `Rc` write `Arc`
    + Sync // several threads call it at once: instead of `RefCell` write `Mutex`, of `Cell` an atomic
    + 'static
{
    /// Does what the task says and tells how it ended: in a phase that is final.
    ///
    /// # Errors
    /// Errors that will not go away fail the task for good, [`crate::ErrorKind::Retryable`] its
    /// attempt; after the others Flyte calls again.
    fn run(
        &self,
        task: CreateTask<Self>,
    ) -> impl Future<
        Output = Result<Resource<Self::Outputs>>, // outputs of yours: `#[connector(…, outputs = ThatType)]`
    > + Send // so nothing that is not `Send` is held across an `.await`: drop a guard before it
    where
        Self: Sync;

    /// Where this connector calls whatever task it has, as URLs: see
    /// [`AsyncConnector::endpoints`](crate::AsyncConnector::endpoints).
    fn endpoints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Which of the two traits a type has, where that can be known: at a type that is no parameter.
#[derive(Debug)]
pub struct Kinds<C>(PhantomData<C>);

/// What [`Kinds`] says of a type that starts no jobs.
pub trait NoJobs {
    /// Whether it starts jobs.
    const STARTS_JOBS: bool = false;
}

impl<C> NoJobs for Kinds<C> {}

// What a type has itself comes before what a trait gives it.
impl<C: AsyncConnector> Kinds<C> {
    /// Whether it starts jobs.
    pub const STARTS_JOBS: bool = true;
}

/// Refuses, while it is compiled, a connector that says `sync` and starts jobs as well.
///
/// # Panics
/// It does, which is an error of the compiler.
pub const fn only_sync(starts_jobs: bool) {
    assert!(
        !starts_jobs,
        "this connector is `sync`, so its `AsyncConnector` is never called: remove one of the two"
    );
}
