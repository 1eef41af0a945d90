//! What a connector does: the trait that authors write.
//! The server calls it through its object-safe twin in `erased`.
//! What a connector is stands in `spec`.

use std::future::{Future, ready};

use futures_util::future::join_all;

use crate::error::{ConnectorError, Result};
use crate::idempotency::IdempotencyKey;
use crate::logs::{LogQuery, Logs};
use crate::metrics::{Metric, MetricsQuery};
use crate::not_found::NotFound;
use crate::request::{CallContext, CreateTask, TaskContext};
use crate::resource::Resource;
use crate::spec::ConnectorSpec;

/// What a connector does. One value serves all calls, many at a time.
///
/// Every method may be cancelled at any `.await` when its caller leaves or its deadline passes,
/// so do not hold half-finished work across one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `AsyncConnector`",
    label = "create, get and delete are missing",
    note = "write `impl AsyncConnector for {Self}` with `create`, `get` and `delete`"
)]
//
// The remarks behind bounds are for rustc: it shows the line where an impl breaks the bound. And each
// method repeats `Self: Sync`, so that a field which is not is one error and not one more per method.
pub trait AsyncConnector:
    ConnectorSpec
    + Send // it is moved between threads: instead of `Rc` write `Arc`
    + Sync // several threads call it at once: instead of `RefCell` write `Mutex`, of `Cell` an atomic
    + 'static
{
    /// Starts the job and returns what later calls need to find it again.
    ///
    /// Flyte calls this at least once per attempt, so hand the outside system a key of its own
    /// where it takes one, and return the same job for the same key.
    ///
    /// # Errors
    /// The executor makes any error a failed attempt.
    fn create(
        &self,
        task: CreateTask<Self>,
    ) -> impl Future<
        Output = Result<Self::Meta>, // `JobId`, or a type of yours: `#[connector(…, meta = ThatType)]`
    > + Send // so nothing that is not `Send` is held across an `.await`: drop a guard before it
    where
        Self: Sync;

    /// Says where the job stands; called about every 30 seconds until a terminal phase.
    ///
    /// # Errors
    /// An error here is expensive: the executor counts them for the whole life of a job and stops
    /// polling after the sixth. A job that is gone is a failed [`Resource`], not an error.
    fn get(
        &self,
        job: &Self::Meta,
        cx: &TaskContext<Self>,
    ) -> impl Future<
        Output = Result<Resource<Self::Outputs>>, // outputs of yours: `#[connector(…, outputs = ThatType)]`
    > + Send // so nothing that is not `Send` is held across an `.await`: drop a guard before it
    where
        Self: Sync;

    /// Cancels the job. A finished, unknown or already cancelled job is a success.
    ///
    /// Called on abort, before a retry, and when a finished task is removed, so never destroy
    /// results here.
    ///
    /// # Errors
    /// The executor repeats a failing delete every 10 seconds for ever.
    fn delete(
        &self,
        job: &Self::Meta,
        cx: &TaskContext<Self>,
    ) -> impl Future<
        Output = Result<()>, // as an `async fn` gives
    > + Send // so nothing that is not `Send` is held across an `.await`: drop a guard before it
    where
        Self: Sync;

    /// Where this connector calls whatever task it has, as URLs: `doctor` tries whether they can be reached
    /// from here. Settings that are URLs are tried without being named here.
    ///
    /// Without an own version there are none, as where each task names its host.
    fn endpoints(&self) -> Vec<String> {
        Vec::new()
    }

    /// Says where several jobs stand, in one call to the outside system: one answer per job, in the
    /// order asked.
    ///
    /// Called instead of `get` where the policy allows batches ([`crate::Policy::batch`]). Without an own
    /// version each job is asked about by itself.
    fn get_many(
        &self,
        jobs: &[(Self::Meta, TaskContext<Self>)],
    ) -> impl Future<Output = Vec<Result<Resource<Self::Outputs>>>> + Send
    where
        Self: Sync,
    {
        join_all(jobs.iter().map(|(job, cx)| self.get(job, cx)))
    }

    /// The job that was created under this key, if there is one. One that was cancelled is none.
    ///
    /// Asked where a server has died over a create and another one takes it over: what is found is the
    /// attempt's job, and only where nothing is found one is created. So `create` has to leave the key
    /// where this finds it: as the name of the job, as a tag, in a comment; and a job found here has to be
    /// the job of the whole key, as far as the outside system keeps it.
    ///
    /// A connector whose outside system makes one job of two creates with one key needs no `find`; it says
    /// [`crate::Policy::keyed`].
    ///
    /// # Errors
    /// As the connector says. While it cannot be said whether there is a job, none is created.
    fn find(
        &self,
        key: &IdempotencyKey,
        cx: &TaskContext<Self>,
    ) -> impl Future<Output = Result<Option<Self::Meta>>> + Send
    where
        Self: Sync,
    {
        let _ = (key, cx);
        // Told from an author's own by its type, see `erased`.
        NotFound::new()
    }

    /// Measurements of the job, in the shape of Prometheus range queries.
    ///
    /// The request carries no connection. Without an own version the call answers "unsupported".
    ///
    /// # Errors
    /// As the connector says.
    fn get_metrics(
        &self,
        job: &Self::Meta,
        query: MetricsQuery,
        cx: &CallContext,
    ) -> impl Future<Output = Result<Vec<Metric>>> + Send
    where
        Self: Sync,
    {
        let _ = job;
        drop(query);
        ready(Err(ConnectorError::unsupported(format!(
            "the connector for task type `{}` offers no metrics",
            cx.key.task_type
        ))))
    }

    /// Log lines of the job, as one page or a stream of pages.
    ///
    /// The request carries no connection. Without an own version the call answers "unsupported".
    ///
    /// # Errors
    /// As the connector says; an unknown token is [`crate::ErrorKind::InvalidTask`].
    fn get_logs(
        &self,
        job: &Self::Meta,
        query: LogQuery,
        cx: &CallContext,
    ) -> impl Future<Output = Result<Logs>> + Send
    where
        Self: Sync,
    {
        let _ = job;
        drop(query);
        ready(Err(ConnectorError::unsupported(format!(
            "the connector for task type `{}` offers no logs; its log links may",
            cx.key.task_type
        ))))
    }
}
