//! A connector's policy as its author gives it.
//! `#[connector(policy = …)]` names one; `operator` overrides single values of it.
//! The rules that obey it are the server's.

use std::time::Duration;

use super::{Abandoned, CreateErrors, Isolation, Rate, Takeover, UnseenJobs};

/// How the server treats the calls of one connector. The defaults suit a stock executor.
///
/// ```
/// use std::time::Duration;
/// use connector_core::Policy;
///
/// /// The vendor allows 5 calls a second per account and is asked about a job twice a minute.
/// const POLICY: Policy = Policy::new().poll_interval(Duration::from_secs(30)).rate(5.0, 10);
/// assert_eq!(POLICY.poll_interval, Duration::from_secs(30));
/// ```
///
/// The operator overrides a value for one connector with `CONNECTOR__<TASK_TYPE>__POLICY__<NAME>`
/// and for all with `CONNECTOR_POLICY__<NAME>`, where the name is the field's, in upper case:
/// `CONNECTOR__BIGQUERY__POLICY__POLL_INTERVAL=1m`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// What a task that can never work becomes at create. Default: a job that reports FAILED.
    pub create_errors: CreateErrors,
    /// What becomes of a job whose creator has left. Default: cancelled after `create_grace`.
    pub abandoned: Abandoned,
    /// How long such a job waits for a repeated create of the same attempt. Default 30 s.
    pub create_grace: Duration,
    /// How long an answer is remembered for repeated creates of the same attempt. Default 10 min.
    pub create_memory: Duration,
    /// Where servers share a state: how long a job may be there that nobody asks about, before it counts as
    /// one whose answer was lost, and is cancelled. Default 1 h.
    pub unasked_limit: Duration,
    /// How long a create may go on once its caller has left. Default 10 min.
    pub create_limit: Duration,
    /// Whether a create that is made again gives the same job, whoever makes it: because `create` hands the
    /// attempt's key to the outside system, which makes one job of two creates with one key, or because it looks
    /// there for the key's job before it makes one. Default no.
    pub keyed: bool,
    /// What becomes of a create whose server died over it, where the connector neither is `keyed` nor has a
    /// `find`. Default: it is made again.
    pub takeover: Takeover,
    /// How long a call of create waits. Default: the server's own limit.
    pub create_timeout: Option<Duration>,
    /// How long a call of get works. Default: the server's own limit.
    pub get_timeout: Option<Duration>,
    /// How long a call of delete works. Default: the server's own limit.
    pub delete_timeout: Option<Duration>,
    /// How much of the caller's time is kept back for the way: what answers later than that answers
    /// as late. At least a fiftieth and at most half of that time. Default: a fifth of it, up to 1 s,
    /// which is enough for half a second there and back of the executor's 10 s.
    pub answer_reserve: Option<Duration>,
    /// How long one get or delete call goes on retrying transient errors. Default 2 s: a worker of
    /// the executor waits that long.
    pub retry_for: Duration,
    /// How long a job's state may stay unknown before it counts as lost. Default 10 min.
    pub staleness_budget: Duration,
    /// The outside system is asked about a job at most this often; between, the last answer
    /// counts. Default 0: at every poll.
    pub poll_interval: Duration,
    /// How many jobs one `get_many` asks about. Default 1: no batches.
    pub batch_size: usize,
    /// How long a batch waits for more polls to join. Default 20 ms.
    pub batch_window: Duration,
    /// Calls per second to the outside system, per account. Default: as many as come.
    pub rate: Option<Rate>,
    /// How many calls of this connector run at the same time. Default 256.
    pub concurrency: usize,
    /// The largest resource metadata taken from create, in bytes. Default 256 KiB: Flyte keeps it
    /// in a Kubernetes object.
    pub max_meta_bytes: usize,
    /// The most memory that answers still good take, in bytes, and as much again the jobs of which something
    /// else is remembered between polls. Beyond it the oldest are given up: a job is asked about before its
    /// interval is over, and its success is not checked. Default 64 MiB.
    pub max_remembered_bytes: usize,
    /// Whether a success is checked against the outputs the task declares. Default yes.
    pub check_outputs: bool,
    /// Whose threads run the connector. Default its own.
    pub isolation: Isolation,
    /// Whether logs and metrics of a job are shown by a server that has not seen the secrets which its
    /// task brought. Default: not where the task must have brought one.
    pub unseen_jobs: UnseenJobs,
}

impl Policy {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            create_errors: CreateErrors::FailedJob,
            abandoned: Abandoned::Cancel,
            create_grace: Duration::from_secs(30),
            create_memory: Duration::from_secs(600),
            unasked_limit: Duration::from_secs(3_600),
            create_limit: Duration::from_secs(600),
            keyed: false,
            takeover: Takeover::Create,
            create_timeout: None,
            get_timeout: None,
            delete_timeout: None,
            answer_reserve: None,
            retry_for: Duration::from_secs(2),
            staleness_budget: Duration::from_secs(600),
            poll_interval: Duration::ZERO,
            batch_size: 1,
            batch_window: Duration::from_millis(20),
            rate: None,
            concurrency: 256,
            max_meta_bytes: 256 * 1024,
            max_remembered_bytes: 64 * 1024 * 1024,
            check_outputs: true,
            isolation: Isolation::Own,
            unseen_jobs: UnseenJobs::RefuseWithSecrets,
        }
    }

    /// Sets [`Policy::create_errors`].
    #[must_use]
    pub const fn create_errors(mut self, errors: CreateErrors) -> Self {
        self.create_errors = errors;
        self
    }

    /// Sets [`Policy::abandoned`].
    #[must_use]
    pub const fn abandoned(mut self, abandoned: Abandoned) -> Self {
        self.abandoned = abandoned;
        self
    }

    /// Sets [`Policy::create_grace`].
    #[must_use]
    pub const fn create_grace(mut self, grace: Duration) -> Self {
        self.create_grace = grace;
        self
    }

    /// Sets [`Policy::create_memory`].
    #[must_use]
    pub const fn create_memory(mut self, memory: Duration) -> Self {
        self.create_memory = memory;
        self
    }

    /// Sets [`Policy::unasked_limit`].
    #[must_use]
    pub const fn unasked_limit(mut self, limit: Duration) -> Self {
        self.unasked_limit = limit;
        self
    }

    /// Sets [`Policy::create_limit`].
    #[must_use]
    pub const fn create_limit(mut self, limit: Duration) -> Self {
        self.create_limit = limit;
        self
    }

    /// Sets [`Policy::keyed`].
    #[must_use]
    pub const fn keyed(mut self, keyed: bool) -> Self {
        self.keyed = keyed;
        self
    }

    /// Sets [`Policy::takeover`].
    #[must_use]
    pub const fn takeover(mut self, takeover: Takeover) -> Self {
        self.takeover = takeover;
        self
    }

    /// Sets [`Policy::create_timeout`].
    #[must_use]
    pub const fn create_timeout(mut self, timeout: Duration) -> Self {
        self.create_timeout = Some(timeout);
        self
    }

    /// Sets [`Policy::get_timeout`].
    #[must_use]
    pub const fn get_timeout(mut self, timeout: Duration) -> Self {
        self.get_timeout = Some(timeout);
        self
    }

    /// Sets [`Policy::delete_timeout`].
    #[must_use]
    pub const fn delete_timeout(mut self, timeout: Duration) -> Self {
        self.delete_timeout = Some(timeout);
        self
    }

    /// Sets [`Policy::answer_reserve`].
    #[must_use]
    pub const fn answer_reserve(mut self, reserve: Duration) -> Self {
        self.answer_reserve = Some(reserve);
        self
    }

    /// Sets [`Policy::retry_for`].
    #[must_use]
    pub const fn retry_for(mut self, span: Duration) -> Self {
        self.retry_for = span;
        self
    }

    /// Sets [`Policy::staleness_budget`].
    #[must_use]
    pub const fn staleness_budget(mut self, budget: Duration) -> Self {
        self.staleness_budget = budget;
        self
    }

    /// Sets [`Policy::poll_interval`].
    #[must_use]
    pub const fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Lets one `get_many` ask about up to that many jobs; see [`Policy::batch_size`].
    #[must_use]
    pub const fn batch(mut self, size: usize) -> Self {
        self.batch_size = size;
        self
    }

    /// Sets [`Policy::batch_window`].
    #[must_use]
    pub const fn batch_window(mut self, window: Duration) -> Self {
        self.batch_window = window;
        self
    }

    /// Sets [`Policy::rate`].
    #[must_use]
    pub const fn rate(mut self, per_second: f64, burst: u32) -> Self {
        self.rate = Some(Rate { per_second, burst });
        self
    }

    /// Sets [`Policy::concurrency`].
    #[must_use]
    pub const fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls;
        self
    }

    /// Sets [`Policy::max_meta_bytes`].
    #[must_use]
    pub const fn max_meta_bytes(mut self, bytes: usize) -> Self {
        self.max_meta_bytes = bytes;
        self
    }

    /// Sets [`Policy::max_remembered_bytes`].
    #[must_use]
    pub const fn max_remembered_bytes(mut self, bytes: usize) -> Self {
        self.max_remembered_bytes = bytes;
        self
    }

    /// Sets [`Policy::check_outputs`].
    #[must_use]
    pub const fn check_outputs(mut self, check: bool) -> Self {
        self.check_outputs = check;
        self
    }

    /// Sets [`Policy::isolation`].
    #[must_use]
    pub const fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Sets [`Policy::unseen_jobs`].
    #[must_use]
    pub const fn unseen_jobs(mut self, unseen: UnseenJobs) -> Self {
        self.unseen_jobs = unseen;
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}
