//! What people see of the state and do about it, while servers run on the same database or not.
//! `connector-server state` calls it.

use std::time::Duration;

use jiff::Timestamp;

use crate::address::Address;
use crate::engine::{Engine, Fault, Row, Step};
use crate::settings::Settings;

/// One attempt or job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What it is found by.
    pub key: String,
    /// `in-flight`, `answered`, `to-cancel` or `given-up`.
    pub status: String,
    /// The task type of its connector.
    pub task_type: String,
    /// The version of its connector.
    pub version: i64,
    /// The execution.
    pub run: String,
    /// Who works on it, or did last.
    pub owner: Option<String>,
    /// When something is to be done about it: a job to be cancelled, or a claim whose owner is gone by then.
    pub due: Option<Timestamp>,
    /// Until when its owner is at it.
    pub lease_until: Option<Timestamp>,
    /// How often it was tried.
    pub tries: i64,
    /// Why it did not work the last time.
    pub problem: Option<String>,
    /// Whether the next attempt has begun.
    pub is_superseded: bool,
    /// How many bytes its job's metadata has; none where no job is known.
    pub meta_bytes: Option<usize>,
    /// When it goes by itself.
    pub expires: Option<Timestamp>,
    /// When it was claimed.
    pub created: Option<Timestamp>,
}

/// What became of the wish to have a job cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// A server takes it now.
    Now,
    /// Its create is still under way: it is cancelled as soon as there is a job.
    OnceCreated,
    /// Nothing is known under that key.
    Unknown,
}

/// A database, for people.
#[derive(Debug)]
pub struct Listing {
    engine: Engine,
    address: Address,
}

impl Listing {
    /// Opens the database with at least that much patience.
    ///
    /// # Errors
    /// There is none, this program was built without it, or files cannot be used.
    pub fn open(settings: Settings, patience: Duration) -> Result<Self, String> {
        let settings = Settings { time_out: settings.time_out.max(patience), ..settings };
        Ok(Self { engine: Engine::new(&settings)?, address: settings.address })
    }

    /// Everything, the oldest first.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn entries(&self) -> Result<Vec<Entry>, String> {
        let rows = self.run(&self.engine.statements().list, None).await?;
        Ok(rows.into_iter().filter_map(entry).collect())
    }

    /// Has a job cancelled now, whoever waits with it.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn cancel(&self, key: &str) -> Result<Cancelled, String> {
        let rows = self.run(&self.engine.statements().cancel, Some(key)).await?;
        let status = rows.into_iter().next().and_then(|mut row| row.text());
        Ok(match status.as_deref() {
            Some("to-cancel") => Cancelled::Now,
            Some(_) => Cancelled::OnceCreated,
            None => Cancelled::Unknown,
        })
    }

    /// Forgets an attempt or job. Whether it was known.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn forget(&self, key: &str) -> Result<bool, String> {
        Ok(!self.run(&self.engine.statements().forget, Some(key)).await?.is_empty())
    }

    async fn run(&self, statement: &'static str, key: Option<&str>) -> Result<Vec<Row>, String> {
        let values = key.map(Into::into).into_iter().collect();
        let answers = self.engine.run(vec![Step { statement, values }]).await;
        let failed = |fault: Fault| format!("{}: {}", self.address, fault.into_text());
        Ok(answers.map_err(failed)?.pop().unwrap_or_default())
    }
}

fn entry(mut row: Row) -> Option<Entry> {
    let time = |value: Option<i64>| value.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let (key, status, task_type) = (row.text()?, row.text()?, row.text()?);
    let (version, run) = (row.int().unwrap_or_default(), row.text().unwrap_or_default());
    let (_request, meta) = (row.bytes(), row.bytes());
    let (owner, _fence) = (row.text(), row.int());
    let (lease_until, due_at) = (time(row.int()), time(row.int()));
    let (tries, problem) = (row.int().unwrap_or_default(), row.text());
    let is_superseded = row.int() == Some(1);
    let (expires, created) = (time(row.int()), time(row.int()));
    let due = if status == "in-flight" { lease_until } else { due_at };
    let meta_bytes = meta.map(|meta| meta.len());
    Some(Entry {
        key,
        status,
        task_type,
        version,
        run,
        owner,
        due,
        lease_until,
        tries,
        problem,
        is_superseded,
        meta_bytes,
        expires,
        created,
    })
}
