//! Whether the places can be reached that connectors call: their own, and settings that are URLs.
//! Only a connection is opened, and nothing is sent. Credentials are another question.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use connector_core::{Registry, Settings};
use futures_util::future::join_all;
use http::Uri;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::report::Report;
use super::target::PATIENCE;
use crate::cli::Environment;

/// Variables that send what goes out by HTTPS through a proxy.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Tries all of them at a time.
pub(super) async fn reach(registry: &Registry, environment: &Environment, report: &mut Report) {
    let places = places(registry, environment);
    let proxy = PROXIES.into_iter().find(|name| environment.get(OsStr::new(name)).is_some());
    if let (Some(proxy), false) = (proxy, places.is_empty()) {
        return report.note(
            "outside",
            format!(
                "{proxy} sends calls through a proxy, so what they are for was not tried from here"
            ),
        );
    }
    let tried = places.into_iter().map(|((host, port), who)| async move {
        let connected = timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await;
        let problem = match connected {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {PATIENCE:?}")),
        };
        let who: Vec<String> = who.into_iter().collect();
        (format!("{host}:{port}"), who.join(", "), problem)
    });
    for (place, who, problem) in join_all(tried).await {
        match problem {
            None => report.ok("outside", format!("{place} can be reached ({who})")),
            Some(problem) => report.failed(
                "outside",
                format!("{place} cannot be reached ({who}): {problem}"),
                "is the name right, and may this machine go there? look for egress policies, DNS, and a \
                 proxy that HTTPS_PROXY should name",
            ),
        }
    }
}

/// Hosts and ports, each with the connectors that call it.
fn places(
    registry: &Registry,
    environment: &Environment,
) -> BTreeMap<(String, u16), BTreeSet<String>> {
    let mut places: BTreeMap<(String, u16), BTreeSet<String>> = BTreeMap::new();
    for entry in registry.entries() {
        let task_type = entry.key.task_type.as_str();
        let settings = Settings::from_variables(task_type, environment.texts());
        let of_settings = settings.iter().map(|(_, value)| value.to_owned());
        for url in entry.connector.endpoints().into_iter().chain(of_settings) {
            if let Some(place) = place(&url) {
                places.entry(place).or_default().insert(entry.name.clone().into_owned());
            }
        }
    }
    places
}

/// Host and port of a URL; nothing else of it is shown, for it may hold a password.
fn place(url: &str) -> Option<(String, u16)> {
    let uri: Uri = url.trim().parse().ok()?;
    let usual = match uri.scheme_str()? {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = uri.host()?.trim_matches(['[', ']']);
    Some((host.to_owned(), uri.port_u16().unwrap_or(usual)))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_url_is_a_place_and_everything_else_is_not() {
        let is = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(place("https://user:hunter2@api.example/v1?key=x"), is("api.example", 443));
        assert_eq!(place("http://[::1]:81"), is("::1", 81));
        for other in ["api.example", "a, https://b", "ftp://a", "", "4096"] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
