//! The hosts an operator's secret may be sent to.
//! `Secret` asks before it shows itself. How a host is written down is the business of `host`.

use std::fmt;

use super::host::Host;
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
    /// This host, or every host below it; at its port, if it has one.
    Host { below: bool, host: Host },
}

impl Hosts {
    /// Nowhere.
    pub(crate) const fn none() -> Self {
        Self { variable: String::new(), rules: Vec::new() }
    }

    /// Reads a list such as `api.example.com, *.corp.example:8443, https://farm.example`.
    ///
    /// # Errors
    /// Says which entry is no host.
    pub(crate) fn parse(variable: &str, list: &str) -> Result<Self, String> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let rules = entries.map(|entry| {
            Rule::parse(entry).ok_or_else(|| {
                format!(
                    "`{entry}` is no host; write hosts such as `api.example.com`, \
                     `*.corp.example`, `10.0.0.7:8443`, `https://api.example.com`, or `*` for \
                     anywhere"
                )
            })
        });
        Ok(Self { variable: variable.to_owned(), rules: rules.collect::<Result<_, _>>()? })
    }

    /// Whether a secret may be sent to this host.
    pub(crate) fn check(&self, host: &str) -> Result<()> {
        let Some(host) = Host::read(host) else {
            // Not repeated: what is no host may hold a password.
            return Err(ConnectorError::permanent(
                "a secret of the operator cannot be sent to what the connector named, which is no \
                 host: it takes a host such as `api.example.com`, one with its port, or a URL \
                 without a user",
            ));
        };
        if self.rules.iter().any(|rule| rule.allows(&host)) {
            return Ok(());
        }
        let named = |rule: &Rule| rule.port().is_some_and(|port| rule.allows(&host.at(port)));
        if host.port.is_none() && self.rules.iter().any(named) {
            return Err(self.refusal(&format!(
                "may be sent to one port of `{host}` only, and the connector named none"
            )));
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
        let (below, host) = Host::read_entry(entry)?;
        Some(Self::Host { below, host })
    }

    fn port(&self) -> Option<u16> {
        let Self::Host { host, .. } = self else { return None };
        host.port
    }

    fn allows(&self, asked: &Host) -> bool {
        let Self::Host { below, host } = self else { return true };
        // A rule without a port is for all of them; one with a port needs the caller to name it.
        if host.port.is_some() && host.port != asked.port {
            return false;
        }
        if *below {
            let front = asked.name.strip_suffix(host.name.as_str());
            front.is_some_and(|front| front.len() > 1 && front.ends_with('.'))
        } else {
            asked.name == host.name
        }
    }
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
            "https://api.example.com",
            "https://api.example.com:8443/v1/jobs?x=a@b",
            "http://10.0.0.7:8443/",
            "https://a.corp.example./x",
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
            "https://10.0.0.7",
            "https://user@api.example.com",
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
    fn a_port_is_that_of_the_scheme_where_none_is_named() {
        for list in
            ["https://api.example.com", "api.example.com:443", "HTTPS://API.example.com:443/"]
        {
            for host in
                ["https://api.example.com/v1", "api.example.com:443", "wss://api.example.com"]
            {
                assert!(allowed(list, host), "{list} {host}");
            }
            for host in
                ["http://api.example.com", "api.example.com:80", "https://api.example.com:8443"]
            {
                assert!(!allowed(list, host), "{list} {host}");
            }
            // The connector knows where it connects to, and has to say it.
            let error = Hosts::parse("V", list).unwrap().check("api.example.com").unwrap_err();
            assert!(error.message().contains("one port of `api.example.com` only"), "{error}");
        }
    }

    #[test]
    fn what_is_no_host_is_not_repeated() {
        let hosts = Hosts::parse("V", LIST).unwrap();
        let error = hosts.check("https://user:hunter2@api.example.com/").unwrap_err();
        assert!(error.message().contains("a URL without a user"), "{error}");
        assert!(!error.message().contains("hunter2"), "{error}");
        let error = hosts.check("https://evil.example/?token=hunter2").unwrap_err();
        assert!(error.message().contains("may not be sent to `evil.example:443`"), "{error}");
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
        for list in [
            "https://a.example/x",
            "https://u@a.example",
            "a.example/x",
            "*.*",
            "*a.example",
            "a b",
        ] {
            let error = Hosts::parse("V", list).unwrap_err();
            assert!(error.contains("is no host; write hosts such as"), "{list}: {error}");
        }
        let none = Hosts::parse("V", "").unwrap().check("a.example").unwrap_err();
        assert!(none.message().contains("set V to the hosts it is for"), "{none}");
    }
}
