//! What a port needs for TLS, made of PEM files: its certificate, its key, and who signs its callers.
//! A connection keeps what it began with, so a change drops none.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::reread::Reread;

/// The TLS of a port, as its files have it now.
pub(crate) type Tls = Reread<ServerConfig>;

/// Where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The certificate of the server, and those between it and a known authority.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
    /// The authorities that sign callers' certificates, if callers must have one.
    pub(crate) client_ca: Option<PathBuf>,
}

/// What is spoken inside of it, by its name in the handshake.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Speaks {
    /// HTTP/2, which gRPC needs.
    Http2,
    /// HTTP/1.1.
    Http1,
}

impl Files {
    /// Reads the files, on the current runtime, and reads them again when they change.
    ///
    /// # Errors
    /// One cannot be read or used; the sentence names it, and nothing of what stands in it.
    pub(crate) fn open(&self, speaks: Speaks) -> Result<Tls, String> {
        let Self { certificate, key, client_ca } = self.clone();
        let files = [&certificate, &key].into_iter().chain(&client_ca).cloned().collect();
        let make = move |contents: &[Vec<u8>]| {
            let of = |file: &PathBuf, at: usize| {
                let pem = contents.get(at).map(Vec::as_slice).unwrap_or_default();
                (file.display().to_string(), pem)
            };
            let ca = client_ca.as_ref().map(|file| of(file, 2));
            config(&of(&certificate, 0), &of(&key, 1), ca.as_ref(), speaks)
        };
        Reread::start("certificates", files, make)
    }
}

/// A file's name and its content.
type Pem<'a> = (String, &'a [u8]);

fn config(
    certificate: &Pem<'_>,
    key: &Pem<'_>,
    client_ca: Option<&Pem<'_>>,
    speaks: Speaks,
) -> Result<ServerConfig, String> {
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_slice(key.1).map_err(|_| {
        // What is wrong would be told with the line it is in.
        format!("{} has no private key in PEM (one with a passphrase cannot be used)", key.0)
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let cannot = |error: &dyn std::fmt::Display| format!("TLS cannot be set up: {error}");
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| cannot(&error))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities)? {
                roots.add(authority).map_err(|error| format!("{}: {error}", authorities.0))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(|error| cannot(&error))?)
        }
    };
    let mut config = builder.with_single_cert(chain, private).map_err(|error| {
        format!("the certificate of {} and the key of {}: {error}", certificate.0, key.0)
    })?;
    let protocol: &[u8] = match speaks {
        Speaks::Http2 => b"h2",
        Speaks::Http1 => b"http/1.1",
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

fn certificates((file, pem): &Pem<'_>) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(format!("{file} has no certificate in PEM")),
        Err(_) => Err(format!("{file} is no PEM")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Files, Speaks};
    use crate::tls::testing::Authority;

    #[tokio::test]
    async fn what_is_wrong_is_told_by_file_and_without_the_key() {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = authority.signed(&["localhost"]);
        let (_, another_key) = authority.signed(&["localhost"]);
        let broken = key.replace("-----END", "----END").replacen("MI", "M!I", 1);
        let path = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let good = (path("good.crt", &certificate), path("good.key", &key));
        let ca = path("ca.crt", &authority.certificate());
        let open = |certificate, key, client_ca| {
            Files { certificate, key, client_ca }.open(Speaks::Http2).map(drop)
        };
        assert_eq!(open(good.0.clone(), good.1.clone(), None), Ok(()));
        assert_eq!(open(good.0.clone(), good.1.clone(), Some(ca.clone())), Ok(()));
        let empty = path("empty", "\n");
        for (files, said) in [
            ((empty.clone(), good.1.clone(), None), "empty has no certificate"),
            ((good.0.clone(), empty.clone(), None), "empty has no private key"),
            ((good.0.clone(), path("broken.key", &broken), None), "broken.key has no private key"),
            ((good.0.clone(), good.1.clone(), Some(empty)), "empty has no certificate"),
            ((good.0.clone(), path("other.key", &another_key), None), "other.key: keys may not be"),
            ((good.0.clone(), folder.path().join("gone"), None), "gone: No such file"),
        ] {
            let told = open(files.0, files.1, files.2).unwrap_err();
            assert!(told.contains(said), "{told}");
            let secret = key.lines().nth(1).unwrap();
            assert!(!told.contains(secret.get(..8).unwrap()), "{told}");
        }
    }
}
