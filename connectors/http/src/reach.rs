//! Where a task may have this service call. Whoever writes a task would otherwise read what only machines of
//! the cluster can reach, above all the credentials that clouds hand out at fixed addresses.
//! Connectors whose tasks name an address ask here before they call it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use connector_core::{ConnectorError, Result, Settings};
use reqwest::Url;

/// What is written in the setting.
const EXAMPLE: &str = "`hooks.slack.com`, `*.corp.example`, `10.0.0.7:8443`";

/// The hosts that tasks may have called, which the operator's setting `allowed_hosts` names. Without it that is
/// every host but those at which clouds hand out credentials.
#[derive(Debug)]
pub struct Reach {
    /// `None`: all but guarded addresses.
    allowed: Option<Vec<Allowed>>,
    /// Which variable says so.
    variable: String,
}

#[derive(Debug)]
struct Allowed {
    /// Every host below it, not it itself.
    below: bool,
    /// As a URL spells it.
    host: String,
    /// `None`: every port.
    port: Option<u16>,
}

impl Reach {
    /// Reads the operator's setting `allowed_hosts`.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: an entry is no host.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let variable = settings.variable("allowed_hosts");
        let allowed = settings.get("allowed_hosts").map(|list| {
            let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            let read = entries.map(|entry| {
                Allowed::read(entry).ok_or_else(|| {
                    ConnectorError::permanent(format!(
                        "the environment variable {variable}: `{entry}` is no host; write hosts such as \
                         {EXAMPLE}, with commas between them"
                    ))
                })
            });
            read.collect::<Result<Vec<_>>>()
        });
        Ok(Self { allowed: allowed.transpose()?, variable })
    }

    /// Whether the host of that URL, of `what` such as "the webhook", may be called. What its name leads to is judged
    /// where it is looked up, by a client that shuns [guarded](Self::is_guarded) addresses.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: it may not.
    pub fn check(&self, what: &str, url: &Url) -> Result<()> {
        let host = url.host_str().unwrap_or_default();
        let refused = |why: &str| {
            let text = format!("{what}'s host `{host}` is not called: {why}");
            Err(ConnectorError::permanent(text))
        };
        let variable = &self.variable;
        match &self.allowed {
            Some(allowed) if allowed.iter().any(|entry| entry.covers(url)) => Ok(()),
            Some(_) => refused(&format!("it is none of those in {variable}")),
            None if address(host).is_some_and(Self::is_guarded) => refused(&format!(
                "at such addresses clouds hand out credentials; the operator can allow it in {variable}"
            )),
            None => Ok(()),
        }
    }

    /// Whether a cloud hands out credentials at that address, or only machines of one link reach it.
    #[must_use]
    pub fn is_guarded(address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => guarded_v4(address),
            IpAddr::V6(address) => match inside(address) {
                Some(inner) => guarded_v4(inner),
                // Link-local, and the metadata of AWS.
                None => address.is_unicast_link_local() || address == AWS_V6,
            },
        }
    }
}

impl Allowed {
    fn read(entry: &str) -> Option<Self> {
        let (below, host) = match entry.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, entry),
        };
        // Read as a URL is, so that one spelling is compared.
        let url = Url::parse(&format!("webhook://{host}")).ok()?;
        let is_host = url.username().is_empty() && url.password().is_none();
        let is_host = is_host && matches!(url.path(), "" | "/") && url.query().is_none();
        let read = Url::parse(&format!("http://{}", url.host_str()?)).ok()?;
        let host = read.host_str()?.trim_end_matches('.').to_owned();
        let is_host = is_host && url.fragment().is_none() && !host.contains('*');
        let is_host = is_host && !(below && address(&host).is_some());
        is_host.then_some(Self { below, host, port: url.port() })
    }

    fn covers(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let named = match self.below {
            true => host.strip_suffix(&self.host).is_some_and(|front| front.ends_with('.')),
            false => host == self.host,
        };
        named && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
    }
}

/// The address that a URL's host is, if it is one.
fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches([']', '.']).parse().ok()
}

const AWS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn guarded_v4(address: Ipv4Addr) -> bool {
    // Link-local, in it the metadata of most clouds; those of Alibaba and of Azure's host.
    address.is_link_local() || matches!(address.octets(), [100, 100, 100, 200] | [168, 63, 129, 16])
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, or behind a NAT64 or 6to4 gateway.
fn inside(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(pair(high, low))
        }
        [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{Result, Settings};
    use reqwest::Url;

    use super::Reach;

    fn reach(list: Option<&str>) -> Result<Reach> {
        let variable = "CONNECTOR__WEBHOOK__ALLOWED_HOSTS".to_owned();
        let variables = list.map(|list| (variable, list.to_owned()));
        Reach::from_settings(&Settings::from_variables("webhook", variables))
    }

    fn called(list: Option<&str>, url: &str) -> bool {
        reach(list).unwrap().check("the webhook", &Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn without_a_list_all_but_guarded_addresses_are_called() {
        for url in [
            "https://hooks.slack.com/x",
            "http://10.0.0.7:8080/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://[2001:db8::1]/",
            "http://169.253.255.255/",
        ] {
            assert!(called(None, url), "{url}");
        }
        for url in [
            "http://169.254.169.254/latest/meta-data",
            "https://169.254.0.1:8443/",
            "http://0xa9fea9fe/",
            "http://2852039166/",
            "http://0251.0376.0251.0376/",
            "http://169.254.169.254./",
            "http://[::ffff:169.254.169.254]/",
            "http://[::a9fe:a9fe]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a9fe:a9fe::1]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://168.63.129.16/",
        ] {
            assert!(!called(None, url), "{url}");
        }
    }

    #[test]
    fn a_list_names_the_only_hosts() {
        let list = Some("hooks.slack.com, *.Corp.example,10.0.0.7:8443, 169.254.169.254,[::1]:80");
        for url in [
            "https://hooks.slack.com/x",
            "https://HOOKS.slack.com.:8443/x",
            "http://a.b.corp.example/",
            "https://10.0.0.7:8443/",
            "http://169.254.169.254/",
            "http://[0:0::1]/",
        ] {
            assert!(called(list, url), "{url}");
        }
        for url in [
            "https://evil.example/hooks.slack.com",
            "https://hooks.slack.com.evil.example/",
            "https://hooks.slack.com@evil.example/",
            "https://corp.example/",
            "https://evilcorp.example/",
            "https://10.0.0.7/",
            "http://[::1]:81/",
        ] {
            assert!(!called(list, url), "{url}");
        }
    }

    #[test]
    fn an_entry_that_is_no_host_stops_the_start() {
        for entry in
            ["https://a.example", "a/b", "u@a", "*", "a.*", "*.10.0.0.7", "a:b", "a?b", "a#b"]
        {
            let error = reach(Some(entry)).unwrap_err();
            assert!(error.message().contains(entry), "{error}");
            assert!(error.message().contains("CONNECTOR__WEBHOOK__ALLOWED_HOSTS"), "{error}");
        }
    }
}
