//! TLS in front of a fake, for connectors that can only be sent to `https://`: it has a certificate of its
//! own for `localhost`, which they are told to trust, and hands every byte on.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A door that speaks TLS. It closes when it is dropped.
#[derive(Debug)]
pub struct TlsDoor {
    port: u16,
    certificate: NamedTempFile,
    serving: JoinHandle<()>,
}

impl TlsDoor {
    /// Opens one on a free port, on the current runtime, before what listens at `http://HOST:PORT`.
    ///
    /// # Panics
    /// There is no free port, or no certificate can be made.
    #[must_use]
    pub fn before(url: &str) -> Self {
        let behind = url.trim_start_matches("http://").to_owned();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.expect("a certificate");
        let certificate = NamedTempFile::new().expect("a file");
        std::fs::write(certificate.path(), made.cert.pem()).expect("a file that can be written");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions of TLS");
        let config = config.with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("a key that fits")));

        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let port = listener.local_addr().expect("an address").port();
        let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime");
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move { hand_on(&acceptor, stream, &behind).await.ok() });
            }
        });
        Self { port, certificate, serving }
    }

    /// Where it is, as a task names a host: `localhost:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The certificate to trust, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        self.certificate.path()
    }
}

impl Drop for TlsDoor {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn hand_on(acceptor: &TlsAcceptor, stream: TcpStream, behind: &str) -> std::io::Result<()> {
    let mut outside = acceptor.accept(stream).await?;
    let mut inside = TcpStream::connect(behind).await?;
    tokio::io::copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}
