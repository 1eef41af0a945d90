//! How fast everything goes: the executor's seconds as milliseconds, and the server's with them.
//! `storm` hands these to executor, vendor and server, so that they keep their proportions.

use std::time::Duration;

use connector_testing::ExecutorRules;

/// The lengths of a run.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The time between two polls: 30 s for a real executor.
    pub poll: Duration,
    /// How long the executor waits for a create's answer: 10 s for a real one.
    pub deadline: Duration,
    /// How long it waits for a poll's. The sixth that fails wedges a job, and a busy machine is not to be judged.
    pub poll_deadline: Duration,
    /// How long the server keeps a job whose creator has left: 30 s by default.
    pub create_grace: Duration,
}

impl Pace {
    /// Two hundred times as fast as life, but for the deadlines: a busy machine must not miss those.
    pub const FAST: Self = Self {
        poll: Duration::from_millis(150),
        deadline: Duration::from_millis(600),
        poll_deadline: Duration::from_secs(3),
        create_grace: Duration::from_millis(500),
    };

    /// The executor's rules.
    #[must_use]
    pub fn rules(&self) -> ExecutorRules {
        ExecutorRules {
            create_deadline: Some(self.deadline),
            get_deadline: Some(self.poll_deadline),
            delete_deadline: Some(self.deadline),
            poll_interval: self.poll,
            look_interval: self.poll / 3,
            system_failure_interval: Duration::from_millis(1),
            delete_interval: self.poll / 3,
            removal_after: self.poll,
            give_up_deleting_after: 100,
            patience: Duration::from_secs(40),
            ..ExecutorRules::default()
        }
    }

    /// The server's settings, as environment variables.
    #[must_use]
    pub fn server_settings(&self) -> Vec<(String, String)> {
        let milliseconds = |span: Duration| format!("{}ms", span.as_millis());
        [
            ("CONNECTOR_POLICY__CREATE_GRACE", milliseconds(self.create_grace)),
            ("CONNECTOR_POLICY__CREATE_LIMIT", "10s".to_owned()),
            ("CONNECTOR_POLICY__RETRY_FOR", milliseconds(self.poll)),
            ("CONNECTOR_POLICY__STALENESS_BUDGET", "30s".to_owned()),
            ("CONNECTOR_GRACE_SECONDS", "8".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
