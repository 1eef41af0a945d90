//! PostgreSQL for Flyte: a task is one SQL statement, which PostgreSQL itself carries to its end.
//!
//! Task type `postgres_sql`, version 0. A query becomes a table of its own, and the task's outputs are its
//! name and its rows. Any other statement is carried out as it is. Name the crate in a server and it is
//! served:
//!
//! ```ignore
//! connector_service::main!(connector_postgres);
//! ```
//!
//! Flyte calls `create` at least once, forgets answers, aborts and restarts at any time, and PostgreSQL knows
//! no jobs. So each job is a row in a table beside the data, under the key of the attempt, and one rule makes
//! it safe: the transaction that carries out the statement also writes its end into the row, and only if the
//! row is still its own. Whatever died, was cancelled, or was taken for dead meanwhile, the statement's effects
//! are there once, or not at all.
//!
//! The table `flyte_statements` tells people what ran when for which run of Flyte, and which results are old
//! enough to be dropped; its rows go after a month. It needs a connection to PostgreSQL itself, as a pooler
//! hides who carries out what.
//!
//! The operator may set `CONNECTOR__POSTGRES_SQL__HOST`, `…__PORT`, `…__DATABASE`, `…__USER` for tasks that do
//! not say it, `…__SSLMODE` (the least that tasks may ask for), `…__SSLROOTCERT`, `…__STATEMENT_TIMEOUT`,
//! `…__MAX_STATEMENTS`, `…__IDLE_AFTER`, `…__KEEP_ROWS`, and lend the secret `password`.
// Read it as a model for systems without a job API. What PostgreSQL keeps of a job is `ledger`'s business, how
// it is reached `session`'s, and a statement's way to its end `errand`'s.

mod attempt;
mod config;
mod errand;
mod ledger;
mod logs;
mod notices;
mod parameters;
mod place;
mod plan;
mod pool;
mod session;
mod sqlstate;
mod states;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use connector_core::prelude::*;

use self::attempt::Attempt;
use self::config::House;
pub use self::config::{Access, StatementTask};
use self::errand::Errand;
use self::ledger::Entry;
use self::parameters::Bound;
use self::place::Place;
use self::pool::Pool;
use self::session::Door;

/// What a finished statement leaves behind.
#[derive(Debug, TaskOutputs)]
pub struct Done {
    /// The table with the result; empty for a statement that is no query.
    pub table: String,
    /// How many rows that table has, or how many the statement has changed.
    pub rows: i64,
}

/// Where a job is, and what it is called there.
#[derive(Debug, Serialize, Deserialize)]
pub struct StatementJob {
    place: Place,
    job_id: String,
}

/// Polls that come together become one question, which costs PostgreSQL no more than a single one. A create
/// that comes again finds the row of its attempt. A cancel stays until the session is gone.
const POLICY: Policy = Policy::new().batch(100).keyed(true).delete_timeout(Duration::from_secs(8));

/// The connector.
#[connector(task_type = "postgres_sql", name = "PostgreSQL Connector", meta = StatementJob,
            config = StatementTask, outputs = Done, connection = Access, init = Postgres::new,
            policy = POLICY)]
#[derive(Debug)]
pub struct Postgres {
    pool: Arc<Pool>,
    /// What the operator lends is read anew for each log, because it may change.
    settings: Settings,
}

impl Postgres {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting cannot be read.
    pub fn new(settings: &Settings) -> Result<Self> {
        let door = Door::new(House::read(settings)?);
        Ok(Self { pool: Arc::new(Pool::new(door)), settings: settings.clone() })
    }

    fn house(&self) -> &House {
        &self.pool.door.house
    }

    async fn look(
        &self,
        place: &Place,
        access: &Access,
        jobs: &[&str],
    ) -> Result<HashMap<String, Entry>> {
        let session = self.pool.shared(place, &access.password).await?;
        ledger::look(&session, jobs).await
    }
}

impl AsyncConnector for Postgres {
    fn endpoints(&self) -> Vec<String> {
        let House { host, port, .. } = self.house();
        host.iter().map(|host| format!("{host}:{port}")).collect()
    }

    /// Claims the row of this attempt, and leaves the statement to PostgreSQL.
    async fn create(&self, task: CreateTask<Self>) -> Result<StatementJob> {
        let key = task
            .idempotency_key()
            .ok_or_else(|| ConnectorError::invalid_task("the caller does not say who it is"))?;
        let job_id = job_name(&key)?;
        let place = Place::read(&task.config, self.house())?;
        let previous = task.previous_idempotency_key();
        let run = task.execution.as_deref().and_then(|execution| execution.execution_identity());
        let seconds = |asked: u32| Duration::from_secs(asked.into());
        let attempt = Attempt {
            job: job_id.clone(),
            previous: previous.map(|key| job_name(&key)).transpose()?,
            run: run.map_or_else(String::new, |run| run.name.to_owned()),
            bound: Bound::new(&task.config.statement, &task.inputs)?,
            statement_limit: self.house().limit(task.config.statement_timeout),
            lock_limit: task.config.lock_timeout.filter(|asked| *asked > 0).map(seconds),
        };
        let password = task.context.connection.password.clone();
        let errand = Errand { attempt, place: place.clone(), password };
        errand.start(&self.pool).await?;
        Ok(StatementJob { place, job_id })
    }

    async fn get(&self, job: &StatementJob, cx: &TaskContext<Self>) -> Result<Resource<Done>> {
        let found = self.look(&job.place, &cx.connection, &[&job.job_id]).await?;
        states::resource(&job.job_id, found.get(&job.job_id))
    }

    /// One question per server and role, whatever the number of jobs.
    async fn get_many(
        &self,
        jobs: &[(StatementJob, TaskContext<Self>)],
    ) -> Vec<Result<Resource<Done>>> {
        type Asked<'a> = (&'a Place, &'a Access, Result<HashMap<String, Entry>>);
        let mut asked: Vec<Asked<'_>> = Vec::new();
        for (job, cx) in jobs {
            let (place, access) = (&job.place, &cx.connection);
            let is_same = |other: &Place, by: &Access| other == place && by == access;
            if !asked.iter().any(|(other, by, _)| is_same(other, by)) {
                let theirs = jobs.iter().filter(|(job, cx)| is_same(&job.place, &cx.connection));
                let ids: Vec<&str> = theirs.map(|(job, _)| job.job_id.as_str()).collect();
                asked.push((place, access, self.look(place, access, &ids).await));
            }
        }
        let answer = |(job, cx): &(StatementJob, TaskContext<Self>)| {
            let of_server =
                asked.iter().find(|(place, by, _)| **place == job.place && **by == cx.connection);
            match of_server.map(|(.., found)| found) {
                Some(Ok(found)) => states::resource(&job.job_id, found.get(&job.job_id)),
                Some(Err(error)) => Err(ConnectorError::new(error.kind(), error.message())),
                None => states::resource(&job.job_id, None),
            }
        };
        jobs.iter().map(answer).collect()
    }

    /// Takes the row from the statement, and stays until its session is gone. The result of a finished one
    /// stays.
    async fn delete(&self, job: &StatementJob, cx: &TaskContext<Self>) -> Result<()> {
        let session = self.pool.shared(&job.place, &cx.connection.password).await?;
        ledger::cancel(&session, &job.job_id).await
    }

    async fn get_logs(
        &self,
        job: &StatementJob,
        query: LogQuery,
        _cx: &CallContext,
    ) -> Result<Logs> {
        // The request brings no connection.
        let password = self.settings.secret("password").ok_or_else(|| {
            ConnectorError::unauthenticated(
                "logs are asked for without a task's secrets, and the operator lends none: set \
                 CONNECTOR__POSTGRES_SQL__SECRET__PASSWORD and CONNECTOR__POSTGRES_SQL__SECRET_HOSTS",
            )
        })?;
        let session = self.pool.shared(&job.place, &password).await?;
        let found = ledger::look(&session, &[&job.job_id]).await?;
        let entry = found.get(&job.job_id).ok_or_else(|| {
            ConnectorError::not_found(format!("PostgreSQL knows no job {}", job.job_id))
        })?;
        let remarks = ledger::read(&session, &job.job_id).await?;
        Ok(logs::page(entry, &remarks, &query)?.into())
    }
}

/// What the attempt is called in PostgreSQL, where names have at most 63 bytes: its row, its session
/// and its table.
fn job_name(key: &IdempotencyKey) -> Result<String> {
    let key = key.limited(Charset::LowerAlphanumeric, 40).or_permanent("no name for the job")?;
    Ok(format!("flyte_{key}"))
}
