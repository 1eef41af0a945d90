//! The way to a PostgreSQL: what its URL says, and what the variables of PostgreSQL's own programs add.
//! The driver's own reading of URLs knows neither certificates nor password files, and repeats passwords.

use std::fmt;
use std::path::{Path, PathBuf};

use connector_postgres_tls::SslMode;
use percent_encoding::percent_decode_str;

use crate::passfile;

const PORT: u16 = 5432;

/// Where a PostgreSQL is, as whom to come, and how.
#[derive(Clone)]
pub struct Access {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) database: String,
    password: Option<String>,
    pub(crate) ssl_mode: SslMode,
    /// The authorities, as PEM; none for those of the system.
    pub(crate) ssl_root_cert: Option<PathBuf>,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, database, .. } = self;
        match host.contains(':') {
            true => write!(f, "postgres://{user}@[{host}]:{port}/{database}"),
            false => write!(f, "postgres://{user}@{host}:{port}/{database}"),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Access {
    /// Reads a URL. The password comes from it, else `PGPASSWORD`, else the file that `passfile=` or
    /// `PGPASSFILE` names, else `~/.pgpass`.
    pub(crate) fn parse(
        url: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (who, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) =
            who.split_once(':').map_or((who, None), |(user, password)| (user, Some(password)));
        let (host, port) = host_and_port(place)?;
        let mut given = Given {
            host: some(&host)?,
            port,
            user: some(user)?,
            password: password.map(decoded).transpose()?,
            database: some(database)?,
            ..Given::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            given.parameter(pair)?;
        }
        given.complete(variable)
    }

    pub(crate) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

/// What a URL says.
#[derive(Default)]
struct Given {
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    ssl_mode: Option<SslMode>,
    ssl_root_cert: Option<PathBuf>,
    passfile: Option<PathBuf>,
}

impl Given {
    fn parameter(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value)?;
        match name {
            "host" => self.host = Some(value),
            "port" => self.port = Some(port(&value)?),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            "sslmode" => self.ssl_mode = Some(value.parse()?),
            // The system's own are what is taken without.
            "sslrootcert" if value == "system" => self.ssl_mode = Some(SslMode::VerifyFull),
            "sslrootcert" => self.ssl_root_cert = Some(value.into()),
            "passfile" => self.passfile = Some(value.into()),
            _ => {
                return Err(
                    "a parameter behind `?` is none of host, port, user, password, dbname, \
                     sslmode, sslrootcert and passfile"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    fn complete(self, variable: impl Fn(&str) -> Option<String>) -> Result<Access, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let host =
            self.host.or_else(|| variable("PGHOST")).unwrap_or_else(|| "localhost".to_owned());
        let own_port = self.port.map(Ok).or_else(|| variable("PGPORT").map(|text| port(&text)));
        let port = own_port.transpose()?.unwrap_or(PORT);
        let user = self.user.or_else(|| variable("PGUSER"));
        let user = user.ok_or("a user is missing: `postgres://USER@HOST/DATABASE`")?;
        let database = self.database.or_else(|| variable("PGDATABASE"));
        let database = database.unwrap_or_else(|| user.clone());
        let mode = self.ssl_mode.map(Ok);
        let mode = mode.or_else(|| variable("PGSSLMODE").map(|text| text.parse()));
        let ssl_mode = mode.transpose()?.unwrap_or(SslMode::Prefer);
        let ssl_root_cert =
            self.ssl_root_cert.or_else(|| variable("PGSSLROOTCERT").map(PathBuf::from));
        let mut access =
            Access { host, port, user, database, password: None, ssl_mode, ssl_root_cert };
        access.password = match self.password.or_else(|| variable("PGPASSWORD")) {
            Some(password) => Some(password),
            None => {
                let port = access.port.to_string();
                let asked = [&*access.host, &*port, &*access.database, &*access.user];
                let named = self.passfile.or_else(|| variable("PGPASSFILE").map(PathBuf::from));
                let own = || Some(Path::new(&variable("HOME")?).join(".pgpass"));
                match (named, own()) {
                    (Some(file), _) => passfile::password(&file, asked)?,
                    (None, Some(file)) if file.is_file() => passfile::password(&file, asked)?,
                    (None, _) => None,
                }
            }
        };
        Ok(access)
    }
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), String> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("the host has `[` without `]`")?;
        let own = rest.strip_prefix(':').map(port).transpose()?;
        return Ok((host.to_owned(), own));
    }
    match place.rsplit_once(':') {
        Some((host, own)) => Ok((host.to_owned(), Some(port(own)?))),
        None => Ok((place.to_owned(), None)),
    }
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| {
        "the port is no number from 1 to 65535; in a password, `@`, `:`, `/` and `?` are written \
         %40, %3A, %2F and %3F"
            .to_owned()
    })
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "it has %-escapes that are no UTF-8".to_owned())
}

fn some(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() { Ok(None) } else { decoded(text).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::{Access, SslMode};

    #[test]
    fn the_url_goes_before_the_variables() {
        let variables = |name: &str| {
            let value = match name {
                "PGHOST" => "elsewhere",
                "PGUSER" => "someone",
                "PGPASSWORD" => "from the variable",
                "PGSSLMODE" => "verify-full",
                "PGDATABASE" => "",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let bare = Access::parse("postgres://", variables).unwrap();
        assert_eq!(bare.to_string(), "postgres://someone@elsewhere:5432/someone");
        assert_eq!(bare.password(), Some("from the variable"));
        assert_eq!(bare.ssl_mode, SslMode::VerifyFull);
        let url = "postgres://a%40b:p%3Aw%2F@[::1]:5433/d?sslmode=require&sslrootcert=/etc/ca.pem";
        let full = Access::parse(url, variables).unwrap();
        assert_eq!(full.to_string(), "postgres://a@b@[::1]:5433/d");
        assert_eq!(full.password(), Some("p:w/"));
        assert_eq!(full.ssl_mode, SslMode::Require);
        assert!(full.ssl_root_cert.is_some());
        assert!(!format!("{full:?}").contains("p:w"));
    }
}
