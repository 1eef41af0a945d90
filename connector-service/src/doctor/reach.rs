//! Whether a connection comes up: name, TCP, TLS or plaintext, as asked. Each trial bounded in time.
//! `mod` calls it; `services` asks over what it found.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::encrypted;
use super::heard::{Heard, listen};
use super::report::Report;
use super::target::{PATIENCE, Target, Tls};
use crate::upstream::Address;

/// How to connect again, as it was found to work.
#[derive(Debug, Clone)]
pub(super) enum Dial {
    Tcp(SocketAddr, Option<Tls>),
    Unix(std::path::PathBuf),
}

/// Tries it; how to connect, if that works out.
pub(super) async fn reach(target: &Target, report: &mut Report) -> Option<Dial> {
    let (host, port) = match (&target.address, target.host_and_port()) {
        (Address::Tcp(_), Some(place)) => place,
        (Address::Unix(path), _) => return socket(path, report).await,
        (address @ Address::Tcp(_), None) => {
            report.failed("name", format!("{address} has no port"), "give HOST:PORT");
            return None;
        }
    };
    let addresses = resolve(host, port, report).await?;
    let (address, stream) = connect(&addresses, report).await?;
    let spoken = match &target.tls {
        None => plaintext(stream, address, report).await,
        Some(tls) => encrypted::try_tls(stream, address, tls, report).await,
    };
    spoken.then(|| Dial::Tcp(address, target.tls.clone()))
}

async fn socket(path: &std::path::Path, report: &mut Report) -> Option<Dial> {
    match UnixStream::connect(path).await {
        Ok(_) => {
            report.ok("connection", format!("unix:{} takes connections", path.display()));
            Some(Dial::Unix(path.to_owned()))
        }
        Err(error) => {
            let advice = "is the service started, and may this user open its socket?";
            report.failed("connection", format!("unix:{}: {error}", path.display()), advice);
            None
        }
    }
}

async fn resolve(host: &str, port: u16, report: &mut Report) -> Option<Vec<SocketAddr>> {
    let found = timeout(PATIENCE, lookup_host((host, port))).await;
    let found = found.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
    match found.map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => {
            let mut shown: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
            shown.dedup();
            report.ok("name", format!("{host} is {}", shown.join(", ")));
            Some(addresses)
        }
        found => {
            let why = found.err().map_or("it has no address".to_owned(), |error| error.to_string());
            report.failed(
                "name",
                format!("{host} cannot be found: {why}"),
                "in a cluster a Service is SERVICE.NAMESPACE.svc.cluster.local; try it from a pod beside the \
                 executor, whose names count",
            );
            None
        }
    }
}

async fn connect(addresses: &[SocketAddr], report: &mut Report) -> Option<(SocketAddr, TcpStream)> {
    let mut problems = Vec::new();
    let mut was_refused = false;
    for address in addresses {
        let begun = Instant::now();
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let took = begun.elapsed().as_millis();
                report.ok("connection", format!("{address} takes connections ({took} ms)"));
                return Some((*address, stream));
            }
            Ok(Err(error)) => {
                was_refused |= error.kind() == io::ErrorKind::ConnectionRefused;
                problems.push(format!("{address}: {error}"));
            }
            Err(_) => problems.push(format!("{address}: no answer within {PATIENCE:?}")),
        }
    }
    let advice = if was_refused {
        "nobody listens there: start the server, or give the port that it said it serves gRPC at"
    } else {
        "packets do not arrive: look for a firewall, a network policy, or a Service without endpoints"
    };
    report.failed("connection", problems.join("; "), advice);
    None
}

/// Whether plaintext HTTP/2 is spoken.
async fn plaintext(stream: TcpStream, address: SocketAddr, report: &mut Report) -> bool {
    let (found, advice) = match listen(stream).await {
        Ok(Heard::Http2) => {
            report.ok("protocol", "it speaks HTTP/2 in plaintext");
            return true;
        }
        Ok(Heard::Nothing) if encrypted::is_spoken(address).await => tls_instead(),
        Ok(Heard::Tls) => tls_instead(),
        Ok(Heard::Farewell(said)) => {
            (format!("it ends the connection at once: {said}"), "look into the log of the server")
        }
        Ok(Heard::Http1) => (
            "it speaks HTTP/1, and gRPC needs HTTP/2".to_owned(),
            "give the gRPC port, which is another one than that of the metrics; a proxy in between must speak \
             HTTP/2 to both sides",
        ),
        Ok(Heard::Nothing) => (
            "it says nothing, or closes the connection".to_owned(),
            "is that a connector service? a proxy or a mesh in between may want TLS, or not know where to",
        ),
        Ok(Heard::Other) => {
            ("it speaks something else than HTTP/2".to_owned(), "give the gRPC port")
        }
        Err(error) => (format!("the connection broke: {error}"), "is that a connector service?"),
    };
    report.failed("protocol", found, advice);
    false
}

fn tls_instead() -> (String, &'static str) {
    (
        "this port speaks TLS, and plaintext was asked for".to_owned(),
        "add --tls, or --tls-ca FILE for an authority of your own; the executor needs `insecure: false`",
    )
}
