//! Rule of jobs unseen: a question about a job's log or metrics carries no connection, so the secrets that its
//! task brought are known only where the job was created, polled or deleted lately.
//! `gate` tells of every call that brings a connection, and asks before a question goes on.
//! What is hidden, and for how long values are remembered, is `scrub`'s business.

use std::sync::Arc;
use std::time::Duration;

use connector_core::host::Entry;
use connector_core::policy::UnseenJobs;
use connector_core::{ConnectorError, OperatorSecrets, pb};

use crate::memory::{Key, Memory, Reading, Store};
use crate::scrub::{KnownSecrets, Noted};

/// How many jobs of one connector are remembered as seen.
const MOST_JOBS: usize = 65_536;
/// How long a job is remembered as seen. A running job is polled more often.
const SEEN_FOR: Duration = Duration::from_secs(60 * 60);

/// The jobs of one connector whose secrets are known here.
#[derive(Debug)]
pub(crate) struct SeenJobs {
    rule: UnseenJobs,
    /// The secrets that the connector's tasks cannot do without.
    required: Vec<String>,
    /// What the operator lends need not be brought.
    operator: Arc<OperatorSecrets>,
    known: &'static KnownSecrets,
    jobs: Memory<Noted>,
}

impl SeenJobs {
    /// Of this connector none yet.
    pub(crate) fn new(entry: &Entry, rule: UnseenJobs, known: &'static KnownSecrets) -> Self {
        let fields = entry.connector.describe().connection.unwrap_or_default();
        let required = fields.into_iter().filter(|field| field.secret && field.required);
        Self {
            rule,
            required: required.map(|field| field.name).collect(),
            operator: Arc::clone(&entry.operator),
            known,
            jobs: Memory::new(MOST_JOBS, SEEN_FOR),
        }
    }

    /// How many are remembered.
    pub(crate) fn reading(&self) -> Reading {
        self.jobs.reading()
    }

    /// Notes the secrets of a call about no job yet.
    pub(crate) fn note(&self, connection: Option<&pb::Connection>) -> Option<Noted> {
        self.known.note_connection(connection)
    }

    /// Notes that these are the secrets of this job.
    pub(crate) fn saw(&self, resource_meta: &[u8], noted: Option<Noted>) {
        if !self.may_refuse() {
            return;
        }
        let key = Key::of(resource_meta);
        match noted {
            Some(noted) => self.jobs.put(key, noted),
            None => drop(self.jobs.remove(&key)),
        }
    }

    /// Whether a question about this job may be answered.
    ///
    /// # Errors
    /// Its task has a secret, or may have one, that is not known here.
    pub(crate) fn may_be_shown(&self, resource_meta: &[u8]) -> Result<(), ConnectorError> {
        if !self.may_refuse() {
            return Ok(());
        }
        let why = match (self.rule, self.secret_of_task()) {
            (UnseenJobs::Refuse, _) => "secrets that the job's task may have brought".to_owned(),
            (_, Some(name)) => format!("the secret `{name}` that the job's task brought"),
            (_, None) => return Ok(()),
        };
        let seen = self.jobs.get(&Key::of(resource_meta));
        if seen.is_some_and(|noted| self.known.knows(noted)) {
            return Ok(());
        }
        Err(ConnectorError::permanent(format!(
            "this server cannot hide {why}: in the last hour the job was neither created nor polled here. \
             Ask the one that polls it; or let the operator lend the secrets, or accept that logs and \
             metrics may show one (the policy's `unseen_jobs=answer`)"
        )))
    }

    /// A secret that only a call of the task brings, if the connector cannot do without one.
    pub(crate) fn secret_of_task(&self) -> Option<&str> {
        let mut required = self.required.iter();
        required.find(|name| self.operator.get(name).is_none()).map(String::as_str)
    }

    /// Whether the rule can ever refuse: the path of every poll asks.
    fn may_refuse(&self) -> bool {
        match self.rule {
            UnseenJobs::Refuse => true,
            UnseenJobs::RefuseWithSecrets => !self.required.is_empty(),
            UnseenJobs::Answer => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::policy::UnseenJobs;
    use connector_core::prelude::*;
    use connector_core::{Registry, pb};

    use super::{SEEN_FOR, SeenJobs};
    use crate::scrub::KnownSecrets;

    #[derive(Debug, TaskConnection)]
    struct Access {
        #[secret]
        #[expect(dead_code, reason = "only its name matters")]
        api_key: Secret,
    }

    /// The three methods, for connectors of which only the connection matters.
    macro_rules! of_connection {
        ($name:ident, $task_type:literal, $connection:ty) => {
            #[derive(Debug)]
            struct $name;

            impl ConnectorSpec for $name {
                const NAME: &'static str = $task_type;
                const TASK_TYPES: &'static [&'static str] = &[$task_type];
                const VERSIONS: &'static [i32] = &[0];
                type Meta = JobId;
                type Config = ();
                type Inputs = ();
                type Outputs = ();
                type Connection = $connection;
            }

            impl AsyncConnector for $name {
                async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
                    Ok(JobId::new("j"))
                }

                async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
                    Ok(Resource::running())
                }

                async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
                    Ok(())
                }
            }
        };
    }

    of_connection!(NeedsKey, "needs_key", Access);
    of_connection!(NeedsNone, "needs_none", ());

    async fn rule(task_type: &str, rule: UnseenJobs, variables: &[(&str, &str)]) -> SeenJobs {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let registry = Registry::builder().register(NeedsKey).register(NeedsNone);
        let registry = registry.variables(variables).build().await.unwrap();
        let known = Box::leak(Box::new(KnownSecrets::new()));
        SeenJobs::new(registry.get(task_type, 0).unwrap(), rule, known)
    }

    fn connection(secret: &str) -> pb::Connection {
        let secrets = [("api_key".to_owned(), secret.to_owned())].into();
        pb::Connection { secrets, ..Default::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_brought_its_secret_elsewhere_is_refused_until_it_is_seen_here() {
        let jobs = rule("needs_key", UnseenJobs::RefuseWithSecrets, &[]).await;
        let refused = jobs.may_be_shown(b"job").unwrap_err();
        assert!(refused.message().contains("the secret `api_key`"), "{refused}");
        let noted = jobs.note(Some(&connection("hunter2")));
        jobs.saw(b"job", noted);
        assert!(jobs.may_be_shown(b"job").is_ok() && jobs.may_be_shown(b"other").is_err());
        tokio::time::advance(SEEN_FOR + Duration::from_secs(1)).await;
        assert!(jobs.may_be_shown(b"job").is_err());
    }

    #[tokio::test]
    async fn a_secret_that_had_to_make_room_is_not_known_any_more() {
        let jobs = rule("needs_key", UnseenJobs::RefuseWithSecrets, &[]).await;
        let first = jobs.note(Some(&connection("hunter2")));
        jobs.saw(b"job", first);
        let large = "x".repeat(9 * 1024 * 1024);
        let noted = jobs.note(Some(&connection(&large)));
        jobs.saw(b"large", noted);
        assert!(jobs.may_be_shown(b"large").is_err(), "it was too large to be remembered");
        assert!(jobs.may_be_shown(b"job").is_ok());
        for letter in ["a", "b"] {
            let noted = jobs.note(Some(&connection(&letter.repeat(5 * 1024 * 1024))));
            jobs.saw(letter.as_bytes(), noted);
        }
        assert!(jobs.may_be_shown(b"job").is_err(), "both of these have taken all the room");
        assert!(jobs.may_be_shown(b"a").is_err() && jobs.may_be_shown(b"b").is_ok());
    }

    #[tokio::test]
    async fn what_the_operator_lends_was_not_brought_and_is_known_everywhere() {
        let lent = [
            ("CONNECTOR__NEEDS_KEY__SECRET__API_KEY", "lent-key"),
            ("CONNECTOR__NEEDS_KEY__SECRET_HOSTS", "*"),
        ];
        let jobs = rule("needs_key", UnseenJobs::RefuseWithSecrets, &lent).await;
        assert!(jobs.may_be_shown(b"job").is_ok());
        let jobs = rule("needs_none", UnseenJobs::RefuseWithSecrets, &[]).await;
        assert!(jobs.may_be_shown(b"job").is_ok());
        // Its tasks may bring others all the same.
        let jobs = rule("needs_key", UnseenJobs::Refuse, &lent).await;
        let refused = jobs.may_be_shown(b"job").unwrap_err();
        assert!(refused.message().contains("may have brought"), "{refused}");
        let jobs = rule("needs_key", UnseenJobs::Answer, &[]).await;
        assert!(jobs.may_be_shown(b"job").is_ok());
    }
}
