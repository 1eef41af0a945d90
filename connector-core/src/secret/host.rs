//! A host as operators and connectors write it down, in the one spelling that is compared.
//! `hosts` reads its list and what a secret is asked for through here; nothing else reads hosts.
//! Nothing is resolved. What two clients could read differently is no host.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host name or address, and a port if one was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// In lower case, without the last dot or brackets.
    pub(super) name: String,
    pub(super) port: Option<u16>,
}

impl Host {
    /// Reads `host`, `host:port`, or a URL, whose scheme can name the port.
    pub(super) fn read(text: &str) -> Option<Self> {
        let url = Url::cut(text)?;
        Self::of(url.authority, url.port)
    }

    /// Reads the entry of a list: the same without a path, and perhaps with `*.` in front for every
    /// host below. Whether it is for those, and the host.
    pub(super) fn read_entry(text: &str) -> Option<(bool, Self)> {
        let url = Url::cut(text).filter(|url| matches!(url.path, "" | "/"))?;
        match url.authority.strip_prefix("*.") {
            None => Some((false, Self::of(url.authority, url.port)?)),
            // Below an address there is nothing.
            Some(below) => Self::of(below, url.port)
                .filter(|host| host.name.parse::<IpAddr>().is_err())
                .map(|host| (true, host)),
        }
    }

    /// The same host at that port.
    pub(super) fn at(&self, port: u16) -> Self {
        Self { name: self.name.clone(), port: Some(port) }
    }

    /// Reads what stands between `//` and the path. A user in front is refused, like all else that is
    /// no part of a host.
    fn of(authority: &str, usual_port: Option<u16>) -> Option<Self> {
        let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (name, port) = match bracketed {
            Some((address, "")) => (ipv6(address)?, None),
            Some((address, rest)) => (ipv6(address)?, Some(rest.strip_prefix(':')?)),
            // An address of IPv6 comes without brackets, too, and then without a port.
            None if authority.matches(':').count() > 1 => (ipv6(authority)?, None),
            None => match authority.split_once(':') {
                Some((name, port)) => (host_name(name)?, Some(port)),
                None => (host_name(authority)?, None),
            },
        };
        let port = port.map(number);
        // A port that is none is no host; without one the scheme's counts.
        let port = if let Some(named) = port { Some(named?) } else { usual_port };
        Some(Self { name, port })
    }
}

/// A URL cut apart, or a host alone.
struct Url<'a> {
    authority: &'a str,
    path: &'a str,
    /// The port of its scheme.
    port: Option<u16>,
}

impl<'a> Url<'a> {
    fn cut(text: &'a str) -> Option<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Some(Self { authority: text, path: "", port: None });
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(letters) {
            return None;
        }
        let port = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => Some(443),
            "http" | "ws" => Some(80),
            _ => None,
        };
        // Only a slash ends the host for every client.
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Some(Self { authority, path, port })
    }
}

fn host_name(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label = |label: &str| !label.is_empty() && label.chars().all(legal);
    if !name.split('.').all(is_label) {
        return None;
    }
    // `10.1`, `0x7f.1` and `010.0.0.1` are addresses to some clients and names to others.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|digits| u128::from_str_radix(digits, 16).is_ok());
    let is_address = matches!(name.parse(), Ok(IpAddr::V4(_)));
    (is_address || !is_number).then_some(name)
}

fn ipv6(address: &str) -> Option<String> {
    // An address of IPv4 in the clothes of IPv6 is the same machine.
    address.parse::<Ipv6Addr>().ok().map(|address| address.to_canonical().to_string())
}

fn number(port: &str) -> Option<u16> {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if digits { port.parse().ok() } else { None }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.name.contains(':')) {
            (None, _) => f.write_str(&self.name),
            (Some(port), false) => write!(f, "{}:{port}", self.name),
            (Some(port), true) => write!(f, "[{}]:{port}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Host;

    fn read(text: &str) -> Option<String> {
        Host::read(text).map(|host| host.to_string())
    }

    #[test]
    fn all_spellings_of_a_host_are_one() {
        for (same, texts) in [
            (
                "api.example.com",
                &["api.example.com", "API.Example.Com.", "grpc://api.example.com/x@y"][..],
            ),
            (
                "api.example.com:443",
                &[
                    "api.example.com:443",
                    "https://api.example.com",
                    "HTTPS://api.example.com./v1/a?b=c#d",
                    "wss://API.example.com:0443/",
                ],
            ),
            ("api.example.com:80", &["http://api.example.com/", "api.example.com:80"]),
            ("api.example.com:8443", &["https://api.example.com:8443"]),
            ("::1", &["::1", "[::1]", "0:0:0:0:0:0:0:1", "[0::0001]"]),
            ("[2001:db8::1]:443", &["https://[2001:DB8::1]/x", "[2001:db8:0::1]:443"]),
            ("10.0.0.7:80", &["10.0.0.7:80", "http://[::ffff:10.0.0.7]", "[::ffff:a00:7]:80"]),
            ("4.example.v6:1", &["4.example.v6:1"]),
        ] {
            for text in texts {
                assert_eq!(read(text).as_deref(), Some(same), "{text}");
            }
        }
    }

    #[test]
    fn what_clients_could_read_differently_is_none() {
        for text in [
            "",
            ".",
            "a b",
            "api.example.com/",
            "api.example.com:",
            "api.example.com:x",
            "api.example.com:+443",
            "api.example.com:65536",
            "api.example.com:1:2",
            "api..example.com",
            "user@api.example.com",
            "https://user:password@api.example.com/",
            "https://api.example.com@evil.example/",
            "https://api.example.com:443@evil.example/",
            "https://evil.example\\@api.example.com/",
            "https://api.example.com?@evil.example/",
            "https://api.example.com#@evil.example/",
            "https://api.exam\tple.com/",
            "https:///evil.example/",
            "https://",
            "https:/evil.example",
            "https:evil.example",
            "//evil.example/",
            " https://api.example.com",
            "1https://api.example.com",
            "evil.example%2f.corp.example",
            "evil.example\0.corp.example",
            "b\u{fc}cher.example",
            "api.example.com\u{3002}",
            "[::1",
            "[::1]x",
            "[::1]443",
            "[api.example.com]:443",
            "[fe80::1%25eth0]",
            "10.1",
            "010.0.0.7",
            "0x7f.0.0.1",
            "2130706433",
            "1.2.3.4.5",
            "*",
            "*.corp.example",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_entry_may_be_for_all_hosts_below() {
        let entry = |text| {
            let (below, host) = Host::read_entry(text)?;
            Some((below, host.to_string()))
        };
        let below = |host: &str| Some((true, host.to_owned()));
        assert_eq!(entry("*.Corp.example."), below("corp.example"));
        assert_eq!(entry("https://*.corp.example/"), below("corp.example:443"));
        assert_eq!(entry("https://[::1]"), Some((false, "[::1]:443".to_owned())));
        let none = ["https://a.example/v1", "a.example/v1", "*.*", "*a.example", "*.10.0.0.7"];
        for text in none.into_iter().chain(["*.", "*", "*.[::1]", "https://*@a.example"]) {
            assert_eq!(entry(text), None, "{text}");
        }
    }
}
