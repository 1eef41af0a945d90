//! Who a caller is by its certificate: the DNS names and URIs that its authority has signed, SPIFFE's among
//! them. A common name counts for nothing, as everywhere by now.

use std::fmt;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The names of a certificate that was found good.
pub(crate) fn of_certificate(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(read) = EndEntityCert::try_from(certificate) else { return Vec::new() };
    read.valid_dns_names().chain(read.valid_uri_names()).map(str::to_owned).collect()
}

/// A name that may call, or the beginning of such names, which ends with `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed(String);

impl Allowed {
    /// Reads one.
    ///
    /// # Errors
    /// It is empty, or would let in whoever has any certificate.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let begin = text.strip_suffix('*').unwrap_or(text);
        if begin.is_empty() || begin.contains('*') {
            return Err(
                "a name is a DNS name or a URI of a certificate, such as executor.flyte.svc or \
                 spiffe://cluster.local/ns/flyte/*, with no `*` but at the end"
                    .to_owned(),
            );
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// Whether it means that name.
    pub(crate) fn is(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        match self.0.strip_suffix('*') {
            Some(begin) => name.starts_with(begin),
            None => name == self.0,
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::{Allowed, of_certificate};
    use crate::tls::testing::Authority;

    #[test]
    fn names_are_those_that_the_authority_has_signed() {
        let (pem, _) = Authority::new().signed(&["executor.flyte.svc", "spiffe://c/ns/flyte/sa/x"]);
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        assert_eq!(
            of_certificate(&certificate),
            ["executor.flyte.svc", "spiffe://c/ns/flyte/sa/x"]
        );
        assert_eq!(of_certificate(&CertificateDer::from(vec![1, 2])), Vec::<String>::new());
    }

    #[test]
    fn whole_names_and_beginnings_are_allowed() {
        let allowed = |text: &str, name| Allowed::parse(text).unwrap().is(name);
        assert!(allowed("Executor.flyte.svc", "executor.flyte.SVC"));
        assert!(allowed("spiffe://c/ns/flyte/*", "spiffe://c/ns/flyte/sa/executor"));
        for (text, name) in [
            ("executor.flyte.svc", "executor.flyte.svc.evil.example"),
            ("executor.flyte.svc", "an.executor.flyte.svc"),
            ("spiffe://c/ns/flyte/*", "spiffe://c/ns/flyte-evil/sa/executor"),
        ] {
            assert!(!allowed(text, name), "{text} {name}");
        }
        for text in ["", "*", " * ", "*.flyte.svc", "a*b*"] {
            assert!(Allowed::parse(text).is_err(), "{text}");
        }
    }
}
