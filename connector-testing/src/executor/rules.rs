//! The executor's rules as values: deadlines, cadence, patience.
//! `FakeExecutor` obeys them. The defaults are the stock executor's; tests on a real clock scale them.
//! No rule is carried out here.

use std::time::Duration;

/// How the executor behaves. The default is a stock executor with its default configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorRules {
    /// How long a create may take; `None` for a deployment configured without a timeout. Default
    /// 10 s.
    pub create_deadline: Option<Duration>,
    /// How long a poll may take. Default 10 s.
    pub get_deadline: Option<Duration>,
    /// How long a delete may take. Default 10 s.
    pub delete_deadline: Option<Duration>,
    /// The time between two polls of one job; the first comes at once after create. Default 30 s.
    pub poll_interval: Duration,
    /// How often the executor looks at what the last poll brought. Default 10 s.
    pub look_interval: Duration,
    /// How many polls of one attempt may fail, over its whole life, before polling stops. Default
    /// 5: the sixth failure is the last.
    pub max_poll_failures: u32,
    /// How many looks in a row may find something impossible (an unknown phase, outputs that are
    /// not there) before the task fails for good. Default 3.
    pub max_system_failures: u32,
    /// The time between two such looks: the executor looks again at once, so that they are over
    /// before the next poll. Default 100 ms.
    pub system_failure_interval: Duration,
    /// The time between two tries of a delete that fails. Default 10 s.
    pub delete_interval: Duration,
    /// How long a finished task is kept until it is removed, which is one more delete. Default 1 h.
    pub removal_after: Duration,
    /// The largest answer taken, in bytes. Default 4 MiB.
    pub max_answer_bytes: usize,
    /// How many failing deletes this fake makes before it reports the job as stuck. The real
    /// executor never stops. Default 20.
    pub give_up_deleting_after: u32,
    /// How long one attempt may last before this fake reports it as wedged. The real executor waits
    /// for ever. Default 7 days.
    pub patience: Duration,
}

impl Default for ExecutorRules {
    fn default() -> Self {
        let call = Some(Duration::from_secs(10));
        Self {
            create_deadline: call,
            get_deadline: call,
            delete_deadline: call,
            poll_interval: Duration::from_secs(30),
            look_interval: Duration::from_secs(10),
            max_poll_failures: 5,
            max_system_failures: 3,
            system_failure_interval: Duration::from_millis(100),
            delete_interval: Duration::from_secs(10),
            removal_after: Duration::from_secs(3600),
            max_answer_bytes: 4 * 1024 * 1024,
            give_up_deleting_after: 20,
            patience: Duration::from_secs(7 * 24 * 3600),
        }
    }
}
