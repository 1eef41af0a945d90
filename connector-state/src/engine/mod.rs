//! A database as the store sees it: a few statements in one transaction, in one trip, within a time.
//! `store` and `listing` run their statements through here; `sqlite` and `postgres` are the two databases.
//! What a statement means is not known here.

#[cfg(feature = "postgres")]
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::address::Address;
use crate::settings::Settings;
use crate::statements::{Dialect, Statements};

/// A value on its way to the database or back.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Bytes),
}

impl fmt::Debug for Value {
    // Requests and metadata are the user's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int",
            Self::Text(_) => "Text",
            Self::Bytes(_) => "Bytes",
        })
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    /// Without NUL, which PostgreSQL has no text for.
    fn from(value: &str) -> Self {
        Self::Text(value.replace('\0', ""))
    }
}

impl From<&Bytes> for Value {
    fn from(value: &Bytes) -> Self {
        Self::Bytes(value.clone())
    }
}

impl From<Option<&Bytes>> for Value {
    fn from(value: Option<&Bytes>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl From<Duration> for Value {
    /// In milliseconds.
    fn from(value: Duration) -> Self {
        // A century is as good as for ever, and can be added to any clock.
        const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
        Self::Int(i64::try_from(value.min(LONGEST).as_millis()).unwrap_or(i64::MAX))
    }
}

/// The values of one row, in the order of the statement's columns.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next value as a number.
    pub(crate) fn int(&mut self) -> Option<i64> {
        match self.0.next() {
            Some(Value::Int(value)) => Some(value),
            _ => None,
        }
    }

    /// The next value as a text.
    pub(crate) fn text(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Value::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// The next value as bytes.
    pub(crate) fn bytes(&mut self) -> Option<Bytes> {
        match self.0.next() {
            Some(Value::Bytes(value)) => Some(value),
            _ => None,
        }
    }
}

/// One statement with its values.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) statement: &'static str,
    pub(crate) values: Vec<Value>,
}

/// Why statements were not carried out, or may not have been. No text of it holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The database cannot be reached, does not answer in time, or takes nothing at this moment.
    Away(String),
    /// The database takes other statements, but never this one.
    Refused(String),
    /// The database is there, and its tables are not ones that this release may write.
    Newer(String),
}

impl Fault {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Away(why) | Self::Refused(why) | Self::Newer(why) => why,
        }
    }
}

/// A database.
#[derive(Debug)]
pub(crate) enum Engine {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Postgres>),
}

impl Engine {
    /// Gets ready; asks the database nothing yet.
    ///
    /// # Errors
    /// The address names no database, or one that this program was built without.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        match &settings.address {
            Address::Memory => Err("`memory` is no database".to_owned()),
            #[cfg(feature = "sqlite")]
            Address::Sqlite(path) => Ok(Self::Sqlite(sqlite::Sqlite::new(path, settings.time_out))),
            #[cfg(not(feature = "sqlite"))]
            Address::Sqlite(_) => Err(without("SQLite", "sqlite")),
            #[cfg(feature = "postgres")]
            Address::Postgres(access) => {
                postgres::Postgres::new(access, settings).map(|it| Self::Postgres(Box::new(it)))
            }
            #[cfg(not(feature = "postgres"))]
            Address::Postgres(_) => Err(without("PostgreSQL", "postgres")),
        }
    }

    const fn dialect(&self) -> Dialect {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
            _ => Dialect::Sqlite,
        }
    }

    /// Whether other processes may use it at the same time.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self.dialect(), Dialect::Postgres)
    }

    pub(crate) fn statements(&self) -> &'static Statements {
        self.dialect().statements()
    }

    /// Carries the statements out, all or none, and answers the rows of each.
    ///
    /// # Errors
    /// See [`Fault`]. After [`Fault::Away`] nobody knows whether they were carried out.
    ///
    /// # Cancel safety
    /// All or none, but nobody knows which.
    pub(crate) async fn run(&self, steps: Vec<Step>) -> Result<Vec<Vec<Row>>, Fault> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => sqlite.run(steps).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.run(steps).await,
            #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
            _ => std::future::ready(Err(Fault::Away(format!("no database for {steps:?}")))).await,
        }
    }
}

impl Engine {
    /// Like [`Engine::run`], but does not wait behind others where there are several connections.
    pub(crate) async fn run_aside(&self, steps: Vec<Step>) -> Result<Vec<Vec<Row>>, Fault> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.run_aside(steps).await,
            #[cfg(any(feature = "sqlite", not(feature = "postgres")))]
            _ => self.run(steps).await,
        }
    }
}

/// What a program says that was built without a database.
#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
fn without(database: &str, feature: &str) -> String {
    format!(
        "this program was built without {database}: build it with the cargo feature `{feature}`, or use \
         another --state"
    )
}
