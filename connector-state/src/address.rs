//! Which database `--state` names, without its password in any text.
//! `settings` holds it; `engine` opens it.

use std::fmt;
use std::path::PathBuf;

use crate::access::Access;

/// Where the state is kept.
#[derive(Debug, Clone, Default)]
pub enum Address {
    /// In this process only.
    #[default]
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// In a database that replicas share.
    Postgres(Box<Access>),
}

impl Address {
    /// Reads `memory`, `sqlite:PATH` or `postgres://…`. `variable` answers environment variables: those of
    /// PostgreSQL's own programs fill what the text leaves open.
    ///
    /// # Errors
    /// Another text, in words that do not repeat it: it may hold a password.
    pub fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///var/lib/x` is what other programs write for `sqlite:/var/lib/x`.
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err("`sqlite:` needs the path of a file behind it".to_owned()),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(Access::parse(text, variable)?)));
        }
        Err("it is `memory`, `sqlite:PATH` or `postgres://USER@HOST/DATABASE`".to_owned())
    }

    /// Whether nothing outlives the process.
    #[must_use]
    pub const fn is_memory(&self) -> bool {
        matches!(self, Self::Memory)
    }

    /// The password, for those who see to it that no text shows it.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        match self {
            Self::Postgres(access) => access.password(),
            Self::Memory | Self::Sqlite(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(access) => access.fmt(f),
        }
    }
}

/// The parameters of a URL that are no secret.
const OPEN: [&str; 7] = ["host", "port", "user", "dbname", "sslmode", "sslrootcert", "passfile"];

/// The text of a `--state`, without what may be a password in it.
#[must_use]
pub fn redacted(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        // Of what is no address, such as `host=db password=…`, only how it begins.
        let ends = |letter: char| !letter.is_alphanumeric() && !"-_./".contains(letter);
        return match text.split_once(ends) {
            Some((begins, _)) if !text.starts_with("sqlite:") => format!("{begins}***"),
            _ => text.to_owned(),
        };
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    // The last `@` ends it: a password that was not encoded may have others, and a slash.
    let (user, host, tail) = match (authority.rsplit_once('@'), rest.rsplit_once('@')) {
        (Some((user, host)), _) => (Some(user), host, tail),
        (None, Some((user, host))) => (Some(user), host, ""),
        (None, None) => (None, authority, tail),
    };
    let user = user.map(|user| match user.split_once(':') {
        Some((user, _)) => format!("{user}:***@"),
        None => format!("{user}@"),
    });
    let tail = match tail.split_once('?') {
        Some((path, query)) => {
            // Only what is known to be none is shown.
            let shown = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, _)) if OPEN.contains(&name) => pair.to_owned(),
                Some((name, _)) if name == "password" => format!("{name}=***"),
                _ => "***".to_owned(),
            });
            format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
        }
        None => tail.to_owned(),
    };
    format!("{scheme}://{}{host}{tail}", user.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Address, redacted};

    fn parsed(text: &str) -> Result<Address, String> {
        Address::parse(text, |_| None)
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        for (text, shown) in [
            ("memory", "memory"),
            ("sqlite:/var/lib/state.db", "sqlite:/var/lib/state.db"),
            ("sqlite:///var/lib/state.db", "sqlite:/var/lib/state.db"),
            ("sqlite:state.db", "sqlite:state.db"),
            ("postgres://flyte@db.example:5433/state", "postgres://flyte@db.example:5433/state"),
            (
                "postgresql://flyte:hunter2@db.example/state",
                "postgres://flyte@db.example:5432/state",
            ),
        ] {
            assert_eq!(parsed(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        for text in [
            "sqlite:",
            "redis://hunter2",
            "",
            "postgres://a:hunter2@h:port/x",
            "postgres://a:hunter2@h/x?sslmode=hunter2",
            "postgres://a:hunter2@h/x?hunter2=1",
        ] {
            let problem = parsed(text).unwrap_err();
            assert!(!problem.contains("hunter2") && !problem.is_empty(), "{text}: {problem}");
        }
    }

    #[test]
    fn a_password_is_taken_out_of_every_spelling() {
        for (text, shown) in [
            ("memory", "memory"),
            ("postgres://a@h/x", "postgres://a@h/x"),
            ("postgres://a:b@h:1/x?sslmode=require", "postgres://a:***@h:1/x?sslmode=require"),
            ("postgres://a:b@c@h/x", "postgres://a:***@h/x"),
            ("postgres://a:b/c@h/x", "postgres://a:***@h/x"),
            ("postgres://h/x?user=a&password=b", "postgres://h/x?user=a&password=***"),
            ("postgres://h/x?pass=b&b", "postgres://h/x?***&***"),
            ("host=h user=a password=b", "host***"),
            ("postgres:a:b", "postgres***"),
            ("a:b@h:1", "a***"),
            ("memry", "memry"),
            ("sqlite:/a=b.db", "sqlite:/a=b.db"),
        ] {
            assert_eq!(redacted(text), shown, "{text}");
        }
    }
}
