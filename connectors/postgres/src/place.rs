//! Where a statement runs, and as whom: what the task says, and what it leaves to the operator.
//! It comes back in the metadata of a job, so nothing of it is secret.

use std::fmt;

use connector_core::prelude::*;
use connector_postgres_tls::SslMode;

use crate::config::{House, StatementTask};

/// A database of a server, and a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    sslmode: String,
}

impl Place {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: nobody says where it is, or it is no place for a task to name.
    pub(crate) fn read(task: &StatementTask, house: &House) -> Result<Self> {
        let of = |name: &str, own: &Option<String>, operators: &Option<String>| {
            let own = own.as_ref().filter(|text| !text.is_empty());
            own.or(operators.as_ref()).cloned().ok_or_else(|| {
                ConnectorError::invalid_task(format!(
                    "the task has no `{name}`: give it one, or have the operator set \
                     CONNECTOR__POSTGRES_SQL__{}",
                    name.to_ascii_uppercase()
                ))
            })
        };
        let asked = task.sslmode.as_deref().filter(|mode| !mode.is_empty());
        let asked = asked.map(str::parse::<SslMode>).transpose();
        let asked = asked.map_err(ConnectorError::invalid_task)?;
        let mode = asked.or(house.sslmode).unwrap_or(SslMode::VerifyFull);
        let place = Self {
            host: of("host", &task.host, &house.host)?,
            port: task.port.filter(|port| *port != 0).unwrap_or(house.port),
            database: of("database", &task.database, &house.database)?,
            user: of("user", &task.user, &house.user)?,
            sslmode: mode.to_string(),
        };
        place.check(house)?;
        Ok(place)
    }

    /// How TLS is spoken there, if a task may ask for that place.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it may not, and why.
    pub(crate) fn check(&self, house: &House) -> Result<SslMode> {
        // A path would be a socket of this machine, where PostgreSQL may trust whoever comes; and the driver
        // takes several hosts in one text.
        if self.host.starts_with(['/', '@']) || self.host.contains(',') {
            return Err(ConnectorError::invalid_task("`host` must be one host, not a path"));
        }
        let mode: SslMode = self.sslmode.parse().map_err(ConnectorError::invalid_task)?;
        match house.sslmode.filter(|least| mode < *least) {
            Some(least) => Err(ConnectorError::invalid_task(format!(
                "the task asks for `sslmode` `{mode}`, and the operator wants `{least}` at least"
            ))),
            None => Ok(mode),
        }
    }

    /// Host and port, as an operator binds a password to them.
    pub(crate) fn address(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.database, self.address())
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{ErrorKind, Settings};

    use super::Place;
    use crate::config::{House, StatementTask};

    fn house<const N: usize>(settings: [(&str, &str); N]) -> House {
        House::read(&Settings::from_iter(settings)).unwrap()
    }

    fn task(host: &str, sslmode: &str) -> StatementTask {
        StatementTask {
            host: Some(host.to_owned()),
            user: Some("u".to_owned()),
            sslmode: Some(sslmode.to_owned()),
            ..StatementTask::default()
        }
    }

    #[test]
    fn what_the_task_leaves_open_is_the_operators() {
        let operators = house([("host", "db"), ("database", "d"), ("user", "o"), ("port", "1")]);
        let place = Place::read(&StatementTask::default(), &operators).unwrap();
        assert_eq!(place.to_string(), "d at db:1");
        assert_eq!((place.user.as_str(), place.sslmode.as_str()), ("o", "verify-full"));
        let place = Place::read(&task("::1", "require"), &operators).unwrap();
        assert_eq!(place.to_string(), "d at [::1]:1");
        assert_eq!((place.user.as_str(), place.sslmode.as_str()), ("u", "require"));
    }

    #[test]
    fn what_a_task_may_not_ask_for_is_told() {
        let strict = house([("database", "d"), ("sslmode", "verify-ca")]);
        assert!(Place::read(&task("db", ""), &strict).is_ok_and(|it| it.sslmode == "verify-ca"));
        for (task, said) in [
            (StatementTask::default(), "no `host`: give it one, or have the operator set"),
            (task("/var/run/postgresql", ""), "not a path"),
            (task("@abstract", ""), "not a path"),
            (task("a,b", ""), "one host"),
            (task("db", "on"), "`sslmode` is `disable`"),
            (task("db", "require"), "the operator wants `verify-ca` at least"),
        ] {
            let error = Place::read(&task, &strict).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains(said), "{error}");
        }
    }
}
