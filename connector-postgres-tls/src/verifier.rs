//! Whose certificate a PostgreSQL may have, by the rules of `sslmode` (PostgreSQL's documentation, "SSL
//! Support"): `require` encrypts and no more, `verify-ca` leaves the name out, `verify-full` looks at all.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier as OfSystem;

use crate::SslMode;

/// The authorities in a file.
///
/// # Errors
/// There is none, or one that cannot be used.
pub(crate) fn authorities(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    if store.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(store) }
}

/// Who decides for that mode. With authorities at hand, `require` looks at least for them, as PostgreSQL's
/// own programs do.
pub(crate) fn of(
    mode: SslMode,
    authorities: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let inner: Option<Arc<dyn ServerCertVerifier>> = match (mode, authorities) {
        (SslMode::Disable, _) | (SslMode::Prefer | SslMode::Require, None) => None,
        (_, Some(store)) => {
            let store = Arc::new(store);
            let verifier =
                WebPkiServerVerifier::builder_with_provider(store, Arc::clone(&provider));
            Some(verifier.build().map_err(|error| error.to_string())?)
        }
        (SslMode::VerifyCa | SslMode::VerifyFull, None) => {
            let verifier =
                OfSystem::new(Arc::clone(&provider)).map_err(|error| error.to_string())?;
            Some(Arc::new(verifier))
        }
    };
    Ok(match inner {
        Some(inner) if mode == SslMode::VerifyFull => inner,
        inner => Arc::new(Lenient { inner, provider }),
    })
}

/// Leaves the name out, and everything where there is nobody inside.
#[derive(Debug)]
struct Lenient {
    inner: Option<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else {
            return Ok(ServerCertVerified::assertion());
        };
        // The name is looked at last: only what has passed everything else fails by it.
        match inner.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
