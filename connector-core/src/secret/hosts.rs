//! The hosts an operator's secret may be sent to.
//! `Secret` asks before it shows itself. Nothing is resolved or connected here: names are compared.

use std::fmt;

use crate::error::{ConnectorError, Result};

/// Hosts, and the variable that names them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hosts {
    variable: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// `*`: anywhere, also where no host can be named.
    Anywhere,
    /// This host, or with a dot in front every host below it; at this port, if there is one.
    Host { below: bool, name: String, port: Option<u16> },
}

impl Hosts {
    /// Nowhere.
    pub(crate) const fn none() -> Self {
        Self { variable: String::new(), rules: Vec::new() }
    }

    /// Reads a list such as `api.example.com, *.corp.example:8443`.
    ///
    /// # Errors
    /// Says which entry is no host.
    pub(crate) fn parse(variable: &str, list: &str) -> Result<Self, String> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let rules = entries.map(|entry| {
            Rule::parse(entry).ok_or_else(|| {
                format!(
                    "`{entry}` is no host; write hosts such as `api.example.com`, \
                     `*.corp.example`, `10.0.0.7:8443`, or `*` for anywhere"
                )
            })
        });
        Ok(Self { variable: variable.to_owned(), rules: rules.collect::<Result<_, _>>()? })
    }

    /// Whether a secret may be sent to this host.
    pub(crate) fn check(&self, host: &str) -> Result<()> {
        let Some((name, port)) = split(host) else {
            return Err(ConnectorError::permanent(format!(
                "a secret of the operator cannot be sent to {host:?}, which is no host name"
            )));
        };
        if self.rules.iter().any(|rule| rule.allows(&name, port)) {
            return Ok(());
        }
        Err(self.refusal(&format!("may not be sent to `{host}`")))
    }

    /// Whether a secret may be used where no host can be named.
    pub(crate) fn check_unnamed(&self) -> Result<()> {
        if self.rules.contains(&Rule::Anywhere) {
            return Ok(());
        }
        Err(self.refusal("may be sent to named hosts only, and the connector named none"))
    }

    fn refusal(&self, why: &str) -> ConnectorError {
        let variable = match self.variable.as_str() {
            "" => "`SECRET_HOSTS` of the connector",
            variable => variable,
        };
        let advice = if self.rules.is_empty() {
            format!("set {variable} to the hosts it is for, or to `*`")
        } else {
            format!("{variable} says which hosts it is for")
        };
        ConnectorError::permanent(format!("a secret of the operator {why}: {advice}"))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Anywhere);
        }
        let below = entry.strip_prefix("*.");
        let (name, port) = split(below.unwrap_or(entry))?;
        Some(Self::Host { below: below.is_some(), name, port })
    }

    fn allows(&self, host: &str, at: Option<u16>) -> bool {
        let Self::Host { below, name, port } = self else { return true };
        // A rule without a port is for all of them; one with a port needs the caller to name it.
        if port.is_some() && *port != at {
            return false;
        }
        if *below {
            host.strip_suffix(name.as_str())
                .is_some_and(|front| front.len() > 1 && front.ends_with('.'))
        } else {
            host == name
        }
    }
}

/// A host name or address and its port, in the one spelling that is compared. Anything more, such as
/// a URL or a user in front, is refused: what stands where in it is read differently by every client.
fn split(host: &str) -> Option<(String, Option<u16>)> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            (address, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some(""))?)
        }
        // An IPv6 address comes without brackets, too.
        None if host.matches(':').count() > 1 => (host, ""),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    if host.ends_with(':') {
        return None;
    }
    let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if let Ok(address) = name.parse::<std::net::Ipv6Addr>() {
        return Some((address.to_string(), port));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_host = name.split('.').all(|label| !label.is_empty() && label.chars().all(legal));
    is_host.then_some((name, port))
}

// The list may tell of hosts inside.
impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts").field("variable", &self.variable).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Hosts;
    use crate::error::ErrorKind;

    const LIST: &str = "api.example.com, *.corp.example,10.0.0.7:8443,[::1], ";

    fn allowed(list: &str, host: &str) -> bool {
        Hosts::parse("V", list).unwrap().check(host).is_ok()
    }

    #[test]
    fn named_hosts_and_hosts_below_named_domains() {
        for host in [
            "api.example.com",
            "API.Example.Com",
            "api.example.com.",
            "api.example.com:443",
            "a.corp.example",
            "a.b.corp.example",
            "10.0.0.7:8443",
            "::1",
            "[::1]:80",
            "0:0:0:0:0:0:0:1",
        ] {
            assert!(allowed(LIST, host), "{host}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for host in [
            "",
            ".",
            "example.com",
            "api.example.com.evil.example",
            "evil-api.example.com",
            "corp.example",
            ".corp.example",
            "evilcorp.example",
            "10.0.0.7",
            "10.0.0.7:443",
            "https://api.example.com",
            "api.example.com/",
            "api.example.com@evil.example",
            "evil.example#.corp.example",
            "evil.example?.corp.example",
            "evil.example\\.corp.example",
            "evil.example%2f.corp.example",
            "evil.example/.corp.example",
            "evil.example\0.corp.example",
            "api.example.com:",
            "api.example.com:x",
            "api.example.com:1:2",
            "[::1",
            "[::1]x",
            "*",
            "*.corp.example",
        ] {
            assert!(!allowed(LIST, host), "{host}");
        }
        assert!(!allowed("", "api.example.com"));
    }

    #[test]
    fn anywhere_is_said_with_a_star() {
        let anywhere = Hosts::parse("V", "*").unwrap();
        assert!(anywhere.check("any.example").is_ok() && anywhere.check_unnamed().is_ok());
        let named = Hosts::parse("V", LIST).unwrap();
        let error = named.check_unnamed().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent);
        assert!(error.message().contains("the connector named none"), "{error}");
        assert!(!format!("{named:?} {error}").contains("corp"), "{named:?} {error}");
    }

    #[test]
    fn a_wrong_list_says_what_is_wrong() {
        for list in ["https://a.example", "a.example/x", "*.*", "*a.example", "a b"] {
            let error = Hosts::parse("V", list).unwrap_err();
            assert!(error.contains("is no host; write hosts such as"), "{list}: {error}");
        }
        let none = Hosts::parse("V", "").unwrap().check("a.example").unwrap_err();
        assert!(none.message().contains("set V to the hosts it is for"), "{none}");
    }
}
