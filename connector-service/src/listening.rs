//! The ports that a server listens at, or why it cannot.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Binds a port, or says in one line why not and what to change.
pub(crate) async fn bind(
    host: &str,
    port: u16,
    what: &str,
    flag: &str,
) -> Result<TcpListener, String> {
    let bound = match TcpListener::bind((host, port)).await {
        // A machine without IPv6 has no `::`; there the default means every IPv4 address.
        Err(error) if host == "::" && lacks_ipv6(&error) => {
            TcpListener::bind(("0.0.0.0", port)).await
        }
        bound => bound,
    };
    bound.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => format!("another process holds it; choose another with {flag}"),
            ErrorKind::PermissionDenied => {
                format!("ports below 1024 need a privilege; choose another with {flag}")
            }
            _ => format!("check --host and {flag}"),
        };
        format!("cannot listen on {host} port {port} for {what}: {error}; {advice}")
    })
}

fn lacks_ipv6(error: &std::io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// Where a listener is.
pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| format!("the bound address is unknown: {error}"))
}
