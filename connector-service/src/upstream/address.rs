//! Where another connector service is: `HOST:PORT`, or `unix:PATH`.
//! `--upstream` and `run --connect` read it here; nothing is connected yet.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use futures_util::TryFutureExt;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a silent connection is trusted before it is pinged, and how long a ping may take.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How much of one answer may wait here unread. A log stream takes no more, however slowly somebody reads it.
const UNREAD: u32 = 256 << 10;
/// How much of all answers: as much as HTTP/2 has words for. With the usual 5 MiB three log streams that
/// nobody reads would keep every other answer of that connection away, those of polls as well.
const UNREAD_BY_ALL: u32 = (1 << 31) - 1;

/// The address of a service that speaks plaintext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A host and a port.
    Tcp(String),
    /// A socket of this machine.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err("the path is missing; give unix:PATH".to_owned()),
                path => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        let authority = match text.split_once("://") {
            None => text,
            Some(("http" | "grpc", rest)) => rest,
            Some((scheme, _)) => {
                return Err(format!(
                    "{scheme} is not supported; give HOST:PORT of a service that speaks plaintext, \
                     or unix:PATH"
                ));
            }
        };
        let authority = authority.trim_end_matches('/');
        if authority.contains('@') {
            return Err("a name or a password would not be sent; give HOST:PORT".to_owned());
        }
        let uri: http::Uri =
            format!("http://{authority}").parse().map_err(|error| format!("{error}"))?;
        // An address without a port would silently become port 80.
        match uri.port() {
            Some(_) if uri.path() == "/" => Ok(Self::Tcp(authority.to_owned())),
            Some(_) => Err(format!("{:?} is a path; give HOST:PORT", uri.path())),
            None if names_a_port(authority) => {
                Err("a port is a number from 1 to 65535; give HOST:PORT".to_owned())
            }
            None => Err("the port is missing; give HOST:PORT".to_owned()),
        }
    }
}

/// Whether something stands where a port would.
fn names_a_port(authority: &str) -> bool {
    authority.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && !port.contains(']'))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(authority) => f.write_str(authority),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Address {
    /// A channel that connects when it is first used, and again whenever that is needed.
    ///
    /// # Errors
    /// The address cannot be one.
    pub(crate) fn channel(&self) -> Result<Channel, tonic::transport::Error> {
        let endpoint = self.endpoint()?;
        Ok(match self.socket() {
            None => endpoint.connect_lazy(),
            Some(path) => endpoint.connect_with_connector_lazy(service_fn(move |_uri| {
                UnixStream::connect(path.clone()).map_ok(TokioIo::new)
            })),
        })
    }

    /// A channel that is connected.
    ///
    /// # Errors
    /// Nobody is there.
    pub(crate) async fn connected(&self) -> Result<Channel, tonic::transport::Error> {
        let endpoint = self.endpoint()?;
        match self.socket() {
            None => endpoint.connect().await,
            Some(path) => {
                let connect = move |_uri| UnixStream::connect(path.clone()).map_ok(TokioIo::new);
                endpoint.connect_with_connector(service_fn(connect)).await
            }
        }
    }

    fn endpoint(&self) -> Result<Endpoint, tonic::transport::Error> {
        let authority = match self {
            Self::Tcp(authority) => authority,
            // What HTTP/2 calls whoever listens on a socket.
            Self::Unix(_) => "localhost",
        };
        Ok(Endpoint::from_shared(format!("http://{authority}"))?
            .connect_timeout(CONNECT)
            .initial_stream_window_size(UNREAD)
            .initial_connection_window_size(UNREAD_BY_ALL)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE)
            .keep_alive_while_idle(false))
    }

    fn socket(&self) -> Option<PathBuf> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(path) => Some(path.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::Address;
    use crate::pb;
    use crate::upstream::fake::{Answer, Fake};
    use crate::upstream::pass::Passed;

    #[test]
    fn addresses_as_people_write_them() {
        for (text, read) in [
            ("connectors:8000", "connectors:8000"),
            ("http://10.0.0.1:8000", "10.0.0.1:8000"),
            ("grpc://[::1]:8000/", "[::1]:8000"),
            ("unix:/run/c.sock", "unix:/run/c.sock"),
            ("unix:///run/c.sock", "unix:/run/c.sock"),
            ("unix:c.sock", "unix:c.sock"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), read, "{text}");
        }
        for (text, says) in [
            ("connectors", "the port is missing"),
            ("[::1]", "the port is missing"),
            ("user:hunter2@connectors:8000", "would not be sent"),
            ("http://hunter2@connectors:8000", "would not be sent"),
            ("connectors:99999", "from 1 to 65535"),
            ("[::1]:99999", "from 1 to 65535"),
            ("https://c:8000", "https is not supported"),
            ("c:8000/path", "is a path"),
            ("unix:", "the path is missing"),
            ("", "empty"),
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.contains(says) && !error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn log_streams_that_nobody_reads_leave_the_way_to_polls() {
        let fake = Fake::new();
        let page = vec![b'x'; 8 << 20];
        fake.set("GetTaskLogs", Answer::Message(page.into()));
        fake.answer("GetTask", &pb::GetTaskResponse::default());
        let (address, _serving) = fake.start("127.0.0.1:0").await;
        let channel = address.to_string().parse::<Address>().unwrap().channel().unwrap();
        let passed = |method| Passed { method, message: Bytes::new(), within: None };
        let mut unread = Vec::new();
        for _ in 0..20 {
            unread.push(passed("GetTaskLogs").streaming(channel.clone()).await.unwrap());
        }
        // The way would be closed for ever.
        let poll = passed("GetTask");
        let polled = poll.unary::<pb::GetTaskResponse>(channel);
        let polled = tokio::time::timeout(Duration::from_secs(20), polled).await;
        assert!(polled.expect("no answer beside unread streams").is_ok());
    }
}
