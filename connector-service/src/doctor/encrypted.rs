//! Whether TLS comes up, and whose fault it is if not: the certificates of either side, or no TLS at all.
//! `reach` calls it with a connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, Error as TlsError};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::heard::{Heard, listen};
use super::report::Report;
use super::target::{PATIENCE, Tls, distrustful};

/// Whether somebody goes into a handshake of TLS, if not to its end.
pub(super) async fn is_spoken(address: SocketAddr) -> bool {
    let Ok(config) = distrustful() else { return false };
    let name = rustls::pki_types::ServerName::from(address.ip());
    let tried = async {
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    };
    match timeout(PATIENCE, tried).await {
        Ok(Err(error)) => matches!(
            tls_error(&error),
            Some(TlsError::InvalidCertificate(_) | TlsError::AlertReceived(_))
        ),
        _ => false,
    }
}

fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// Whether TLS comes up, and HTTP/2 in it.
pub(super) async fn try_tls(
    stream: TcpStream,
    address: SocketAddr,
    tls: &Tls,
    report: &mut Report,
) -> bool {
    match agreed(stream, tls).await {
        Ok(Agreed::Http2(version)) => {
            let found = format!("{version}, with a certificate that is trusted for it");
            report.ok("protocol", found);
            return true;
        }
        Ok(Agreed::NoHttp2) => report.failed(
            "protocol",
            "TLS comes up, but HTTP/2 is not agreed on in it (ALPN), so clients of gRPC leave",
            "have the server, or the proxy that ends TLS, offer `h2`",
        ),
        Ok(Agreed::Heard(heard)) => {
            let found = match heard {
                Heard::Farewell(said) => format!("the connection is ended at once: {said}"),
                _ => "TLS comes up, but HTTP/2 is not spoken in it".to_owned(),
            };
            report.failed(
                "protocol",
                found,
                "look into the log of the server, or of a proxy before it",
            );
        }
        Err(error) => {
            let (found, advice) = match judged(&error, tls) {
                Some(told) => told,
                None => without(&error, address).await,
            };
            report.failed("protocol", found, advice);
        }
    }
    false
}

/// What a handshake came to.
enum Agreed {
    /// HTTP/2 in this version of TLS.
    Http2(&'static str),
    NoHttp2,
    Heard(Heard),
}

async fn agreed(stream: TcpStream, tls: &Tls) -> io::Result<Agreed> {
    let connector = TlsConnector::from(Arc::clone(&tls.config));
    let stream = timeout(PATIENCE, connector.connect(tls.name.clone(), stream)).await??;
    let (_, session) = stream.get_ref();
    if session.alpn_protocol() != Some(b"h2") {
        return Ok(Agreed::NoHttp2);
    }
    let version = session.protocol_version().and_then(|version| version.as_str());
    // With TLS 1.3 a client learns of what was wrong with its certificate only when it reads.
    Ok(match listen(stream).await? {
        Heard::Http2 => Agreed::Http2(version.unwrap_or("TLS")),
        heard => Agreed::Heard(heard),
    })
}

/// Why there is no TLS, where certificates are not the reason.
async fn without(error: &io::Error, address: SocketAddr) -> (String, &'static str) {
    let heard = match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => listen(stream).await.ok(),
        _ => None,
    };
    if heard == Some(Heard::Http2) {
        return (
            "this port speaks plaintext, and TLS was asked for".to_owned(),
            "leave out --tls and --tls-ca, or start the server with --tls-cert and --tls-key; the executor \
             needs `insecure: true` as it is",
        );
    }
    let advice = "is that a port of gRPC with TLS? look into the log of the server";
    (format!("TLS does not come up: {error}"), advice)
}

/// What is wrong with the certificates of either side, and what to do, if it is that.
fn judged(error: &io::Error, tls: &Tls) -> Option<(String, &'static str)> {
    let advice = match tls_error(error)? {
        TlsError::InvalidCertificate(problem) => match problem {
            // An authority of that name, but with another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "give its authority with --tls-ca FILE; the executor knows those of its system, and one of \
                 your own by the variable SSL_CERT_FILE of its pod"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "connect by a name that is in the certificate, or have one made with this name; the executor \
                 compares it with the host of `endpoint`"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "renew the certificate; the server reads the new file by itself"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "compare the clocks of both machines"
            }
            _ => "have another certificate made",
        },
        TlsError::AlertReceived(alert) => return Some(alerted(*alert, tls)),
        _ => return None,
    };
    Some((format!("the certificate of the server is not accepted: {error}"), advice))
}

fn alerted(alert: AlertDescription, tls: &Tls) -> (String, &'static str) {
    let found = format!("the server ended the handshake: {alert:?}");
    let advice = match alert {
        AlertDescription::NoApplicationProtocol => {
            "the server does not speak HTTP/2 on this port: is it that of the metrics?"
        }
        AlertDescription::InternalError => {
            "the server takes no more connections, see its --max-connections, or cannot use its certificate"
        }
        _ if !tls.shows_certificate => {
            "it may ask for a certificate of the caller: give --tls-client-cert and --tls-client-key; the \
             executor has none, so a mesh or a proxy must bring it"
        }
        _ => {
            "the certificate in --tls-client-cert is none that its --tls-client-ca has signed, or is too old"
        }
    };
    (found, advice)
}
