//! The service that `doctor --connect` is to try: where it is, how it is spoken to, what it should list.
//! Files are read here; nothing is connected yet.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connector_state::redacted;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::cli::DoctorArgs;
use crate::upstream::Address;
use crate::wanted::Wanted;

/// How long a name, a connection and a handshake may take, each.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How TLS is to be spoken.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    /// The name that the certificate must have.
    pub(super) name: ServerName<'static>,
    /// Whether a certificate is shown.
    pub(super) shows_certificate: bool,
}

/// The service.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: Address,
    pub(super) tls: Option<Tls>,
    /// What to bring, without `Bearer`.
    pub(super) token: Option<String>,
    pub(super) expected: Vec<Wanted>,
}

impl Target {
    /// # Errors
    /// The address is none, or a file cannot be used; the sentence names flag and file.
    pub(super) fn read(args: &DoctorArgs, address: &str) -> Result<Self, String> {
        let (is_https, bare) = bare(address);
        // There may be a password in it.
        let shown = if address.contains('@') { redacted(address) } else { address.to_owned() };
        let address: Address =
            bare.parse().map_err(|error| format!("--connect {shown}: {error}"))?;
        let speaks_tls =
            is_https || args.tls || args.tls_ca.is_some() || args.tls_client_cert.is_some();
        let tls = speaks_tls.then(|| tls(args, &address)).transpose()?;
        let token = args.serve.trust.token_file().map(first_token).transpose()?;
        Ok(Self { address, tls, token, expected: args.serve.expect.clone() })
    }

    /// The name or address of a host, and the port; a socket of this machine has none.
    pub(super) fn host_and_port(&self) -> Option<(&str, u16)> {
        match &self.address {
            Address::Tcp(authority) => parted(authority),
            Address::Unix(_) => None,
        }
    }
}

/// Whether an address says TLS, and the address without how gRPC finds names.
fn bare(address: &str) -> (bool, &str) {
    let found = ["dns:///", "passthrough:///"].iter().find_map(|it| address.strip_prefix(it));
    let address = found.unwrap_or(address);
    address.strip_prefix("https://").map_or((false, address), |rest| (true, rest))
}

/// Host, without the brackets of IPv6, and port.
pub(super) fn parted(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = authority.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((host, port.parse().ok()?))
}

fn tls(args: &DoctorArgs, address: &Address) -> Result<Tls, String> {
    let host = match address {
        Address::Tcp(authority) => parted(authority).map_or("", |(host, _)| host),
        Address::Unix(_) => "localhost",
    };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("--connect: no certificate can have the name {host:?}"))?;
    let roots = match &args.tls_ca {
        Some(file) => authorities("--tls-ca", file)?,
        None => of_system()?,
    };
    let builder = client()?.with_root_certificates(roots);
    let (mut config, shows_certificate) = match (&args.tls_client_cert, &args.tls_client_key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates("--tls-client-cert", certificate)?;
            let of_key =
                |problem: &dyn Display| format!("--tls-client-key {}: {problem}", key.display());
            let pem = fs::read(key).map_err(|error| of_key(&error))?;
            let private = PrivateKeyDer::from_pem_slice(&pem)
                .map_err(|_| of_key(&"it has no private key in PEM"))?;
            let config = builder.with_client_auth_cert(chain, private).map_err(|error| {
                of_key(&format!("it does not go with the certificate: {error}"))
            })?;
            (config, true)
        }
        _ => (builder.with_no_client_auth(), false),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Tls { config: Arc::new(config), name, shows_certificate })
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn client() -> Result<Builder, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))
}

/// A client that trusts nobody: it tells whether TLS is spoken, and gets no further.
///
/// # Errors
/// TLS cannot be set up.
pub(super) fn distrustful() -> Result<ClientConfig, String> {
    Ok(client()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn authorities(flag: &str, file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(flag, file)? {
        roots.add(authority).map_err(|error| format!("{flag} {}: {error}", file.display()))?;
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (added, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(
            "--tls: this system has no authorities; give --tls-ca FILE, or set SSL_CERT_FILE"
                .to_owned(),
        );
    }
    Ok(roots)
}

fn certificates(flag: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let problem = |problem: &dyn Display| format!("{flag} {}: {problem}", file.display());
    let pem = fs::read(file).map_err(|error| problem(&error))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(problem(&"it has no certificate in PEM")),
        Err(_) => Err(problem(&"it is no PEM")),
    }
}

/// The first token of a file, as the server reads it.
fn first_token(file: &Path) -> Result<String, String> {
    let problem =
        |problem: &dyn Display| format!("--auth-token-file {}: {problem}", file.display());
    let text = fs::read_to_string(file).map_err(|error| problem(&error))?;
    let mut lines = text.lines().map(str::trim);
    let token = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    match token {
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token.to_owned()),
        Some(_) => Err(problem(&"the token has characters that no header can have")),
        None => Err(problem(&"it has no token; write one a line")),
    }
}

#[cfg(test)]
mod tests {
    use super::{bare, parted};

    #[test]
    fn addresses_are_taken_as_the_executor_has_them() {
        for (text, read) in [
            ("c:8000", (false, "c:8000")),
            ("dns:///c:8000", (false, "c:8000")),
            ("https://c:8000", (true, "c:8000")),
            ("unix:/run/c", (false, "unix:/run/c")),
        ] {
            assert_eq!(bare(text), read);
        }
        assert_eq!(parted("[::1]:80"), Some(("::1", 80)));
        assert_eq!(parted("a.example:80"), Some(("a.example", 80)));
        assert_eq!((parted("a"), parted("a:x")), (None, None));
    }
}
