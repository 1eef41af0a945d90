//! An authority for tests, what it signs, and a client that trusts it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Error};
use tower::service_fn;

/// An authority, and a folder with what a server needs: `ca.crt`, `tls.crt`, `tls.key`.
#[derive(Debug)]
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// One with a certificate for `localhost` in its folder.
    ///
    /// # Panics
    /// Keys or files cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Self { certificate, issuer: Issuer::new(params, key), folder };
        std::fs::write(authority.path("ca.crt"), &authority.certificate).expect("a file");
        authority.renew();
        authority
    }

    /// A file of the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a new certificate and key for `localhost`, one file after the other.
    ///
    /// # Panics
    /// They cannot be made or written.
    pub fn renew(&self) {
        let (certificate, key) = self.signed(&["localhost"]);
        std::fs::write(self.path("tls.crt"), certificate).expect("a file");
        std::fs::write(self.path("tls.key"), key).expect("a file");
    }

    fn signed(&self, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        let name = |name: &&str| {
            let text = (*name).try_into().expect("ASCII");
            if name.contains("://") { SanType::URI(text) } else { SanType::DnsName(text) }
        };
        params.subject_alt_names = names.iter().map(name).collect();
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// What a client with a certificate for these names needs, or with none.
    fn client(&self, names: &[&str]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        roots.add(authority.expect("PEM")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = if names.is_empty() {
            config.with_no_client_auth()
        } else {
            let (certificate, key) = self.signed(names);
            let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM");
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
            config.with_client_auth_cert(vec![chain], key).expect("a key that fits")
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    /// TLS with `localhost` on a port, as somebody with these names.
    ///
    /// # Errors
    /// There is nobody, or no agreement.
    pub async fn speak(&self, port: u16, names: &[&str]) -> io::Result<TlsStream<TcpStream>> {
        speak(Arc::new(self.client(names)), port).await
    }

    /// A client's connection to `localhost` on a port, as somebody with these names.
    ///
    /// # Errors
    /// There is nobody, or no agreement.
    pub async fn channel(&self, port: u16, names: &[&str]) -> Result<Channel, Error> {
        let config = Arc::new(self.client(names));
        let connect = service_fn(move |_uri| {
            let config = Arc::clone(&config);
            async move { speak(config, port).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        endpoint.connect_with_connector(connect).await
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

async fn speak(config: Arc<ClientConfig>, port: u16) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    TlsConnector::from(config).connect(name, stream).await
}
