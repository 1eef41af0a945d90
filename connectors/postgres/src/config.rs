//! What a task brings, and what the operator decides for all of them.
//! `place` is where the two come together.

use std::path::PathBuf;
use std::time::Duration;

use connector_core::prelude::*;
use connector_postgres_tls::SslMode;

/// How many statements may run at once on one server as one role. PostgreSQL itself takes a hundred
/// connections, unless it is told otherwise, and others want some of them.
const STATEMENTS: usize = 20;
/// When a connection that nobody uses is closed.
const IDLE: Duration = Duration::from_secs(60);
/// How long the row of a statement that has ended is kept: a month.
const KEEP_ROWS: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Flyte asks at the longest every few minutes.
const LEAST_KEPT: Duration = Duration::from_secs(3_600);

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct StatementTask {
    /// One SQL statement. `:name` stands for the value of the input `name`.
    pub(crate) statement: String,
    /// The host of PostgreSQL, by name or address. Where it is missing, the operator's.
    pub(crate) host: Option<String>,
    /// Its port. Where it is missing, the operator's, and else 5432.
    pub(crate) port: Option<u16>,
    /// The database. Where it is missing, the operator's.
    pub(crate) database: Option<String>,
    /// The role that the statement runs as. Where it is missing, the operator's.
    pub(crate) user: Option<String>,
    /// TLS: `verify-full` if nobody says otherwise, `verify-ca`, `require`, `prefer` or `disable`.
    pub(crate) sslmode: Option<String>,
    /// After how many seconds PostgreSQL ends the statement, which has failed then.
    pub(crate) statement_timeout: Option<u32>,
    /// How many seconds the statement waits for a lock at most; the task is tried again then.
    pub(crate) lock_timeout: Option<u32>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, TaskConnection)]
pub struct Access {
    /// The password of the role.
    #[secret]
    pub(crate) password: Secret,
}

/// What the operator decides.
#[derive(Debug, Clone)]
pub(crate) struct House {
    pub(crate) host: Option<String>,
    pub(crate) port: u16,
    pub(crate) database: Option<String>,
    pub(crate) user: Option<String>,
    /// What a task gets that asks for nothing, and the least that one may ask for.
    pub(crate) sslmode: Option<SslMode>,
    pub(crate) authorities: Option<PathBuf>,
    /// The longest that a statement may run.
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) statements: usize,
    pub(crate) idle: Duration,
    pub(crate) keep_rows: Duration,
}

impl House {
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting cannot be read; the text names its variable.
    pub(crate) fn read(settings: &Settings) -> Result<Self> {
        let text = |name: &str| settings.get(name).map(str::to_owned);
        let wrong = |name: &str, why: &str| {
            let variable = settings.variable(name);
            ConnectorError::permanent(format!("the environment variable {variable}: {why}"))
        };
        let number = |name: &str| {
            let number = settings.get(name).map(str::parse::<u16>).transpose();
            let number = number.ok().filter(|number| *number != Some(0));
            number.ok_or_else(|| wrong(name, "it is no number from 1 to 65535"))
        };
        let sslmode = settings.get("sslmode").map(str::parse::<SslMode>).transpose();
        let authorities = text("sslrootcert").map(PathBuf::from);
        if let Some(file) = authorities.as_ref().filter(|file| !file.is_file()) {
            return Err(wrong("sslrootcert", &format!("there is no file {}", file.display())));
        }
        Ok(Self {
            host: text("host"),
            port: number("port")?.unwrap_or(5432),
            database: text("database"),
            user: text("user"),
            sslmode: sslmode.map_err(|why| wrong("sslmode", &why))?,
            authorities,
            statement_timeout: settings.span("statement_timeout")?.filter(|most| !most.is_zero()),
            statements: number("max_statements")?.map_or(STATEMENTS, usize::from),
            idle: settings.span("idle_after")?.unwrap_or(IDLE),
            keep_rows: match settings.span("keep_rows")?.unwrap_or(KEEP_ROWS) {
                // Flyte must have been told of the end.
                keep if keep < LEAST_KEPT => return Err(wrong("keep_rows", "it is at least 1h")),
                keep => keep,
            },
        })
    }

    /// The time limit of a statement that asks for one of so many seconds, or for none.
    pub(crate) fn limit(&self, asked: Option<u32>) -> Option<Duration> {
        let asked = asked.filter(|seconds| *seconds > 0);
        let asked = asked.map(|seconds| Duration::from_secs(seconds.into()));
        match (asked, self.statement_timeout) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::Settings;

    use super::House;

    fn house<const N: usize>(settings: [(&str, &str); N]) -> super::Result<House> {
        House::read(&Settings::from_iter(settings))
    }

    #[test]
    fn the_shorter_limit_counts() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let bounded = house([("statement_timeout", "1m")]).unwrap();
        for (asked, limit) in [(None, 60), (Some(0), 60), (Some(5), 5), (Some(600), 60)] {
            assert_eq!(bounded.limit(asked), seconds(limit), "{asked:?}");
        }
        let free = house([]).unwrap();
        assert_eq!((free.limit(None), free.limit(Some(600))), (None, seconds(600)));
    }

    #[test]
    fn a_wrong_setting_is_told_by_its_variable() {
        for (name, value, said) in [
            ("port", "0", "PORT: it is no number"),
            ("max_statements", "many", "MAX_STATEMENTS: it is no number"),
            ("sslmode", "on", "SSLMODE: `sslmode` is"),
            ("sslrootcert", "/nowhere/ca.pem", "SSLROOTCERT: there is no file /nowhere/ca.pem"),
            ("keep_rows", "long", "KEEP_ROWS"),
            ("keep_rows", "1m", "KEEP_ROWS: it is at least 1h"),
        ] {
            let error = house([(name, value)]).unwrap_err();
            assert!(error.message().contains(said), "{error}");
        }
    }
}
