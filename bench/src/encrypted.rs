//! A certificate for a server of this machine, and connections that trust it. `tls` measures with them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

type Problem = Box<dyn std::error::Error + Send + Sync>;

const NAME: &str = "localhost";

/// A certificate and its key, in files as long as this lives.
#[derive(Debug)]
pub struct Certificate {
    folder: TempDir,
    client: Arc<ClientConfig>,
}

impl Certificate {
    /// A new one.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub fn new() -> Result<Self, Problem> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("tls.crt"), made.cert.pem())?;
        std::fs::write(folder.path().join("tls.key"), made.signing_key.serialize_pem())?;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { folder, client: Arc::new(client) })
    }

    /// The files of the certificate and of its key.
    #[must_use]
    pub fn files(&self) -> [PathBuf; 2] {
        ["tls.crt", "tls.key"].map(|name| self.folder.path().join(name))
    }

    /// A connection to a server that has it. `address` is a URL.
    ///
    /// # Errors
    /// There is none.
    pub async fn connect(&self, address: &str) -> Result<Channel, Problem> {
        let (_, to) = address.split_once("://").ok_or("an address begins with a scheme")?;
        let (client, to) = (Arc::clone(&self.client), to.to_owned());
        let connect = service_fn(move |_uri| {
            let (client, to) = (Arc::clone(&client), to.clone());
            async move { speak(client, to).await.map(TokioIo::new) }
        });
        // The scheme is what the client believes; it is encrypted below.
        let endpoint = Endpoint::from_shared(format!("http://{NAME}"))?;
        Ok(endpoint.connect_with_connector(connect).await?)
    }
}

async fn speak(client: Arc<ClientConfig>, to: String) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
    TlsConnector::from(client).connect(name, stream).await
}
