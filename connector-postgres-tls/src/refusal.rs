//! Why there is no encrypted connection, in a sentence that says what to do.
//! What else may go wrong with a connection is the caller's.

use std::error::Error;
use std::io;

use rustls::{CertificateError, Error as TlsError};

/// What the driver says of a server that answers "no" to the question for TLS; it is a text and no type.
const NONE_OFFERED: &str = "server does not support TLS";

/// Why a connection could not be encrypted as `sslmode` asks for; `None` if something else is wrong.
///
/// A new try meets the same: somebody has to change a setting or a certificate.
#[must_use]
pub fn refusal(error: &tokio_postgres::Error) -> Option<String> {
    let causes = || std::iter::successors(error.source(), |&cause| cause.source());
    if causes().any(|cause| cause.to_string() == NONE_OFFERED) {
        return Some(
            "the server speaks no TLS: have it do so (`ssl = on` in postgresql.conf), or use `sslmode` \
             `prefer` or `disable` where the network is trusted"
                .to_owned(),
        );
    }
    match causes().find_map(of_tls)? {
        TlsError::InvalidCertificate(problem) => Some(of_certificate(problem)),
        other => Some(format!("TLS has failed: {other}")),
    }
}

fn of_tls<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a TlsError> {
    let inside = cause.downcast_ref::<io::Error>().and_then(|error| error.get_ref());
    let inside = inside.and_then(|inside| inside.downcast_ref());
    inside.or_else(|| cause.downcast_ref())
}

fn of_certificate(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer => {
            "the server's certificate is signed by no authority that is trusted here: give the right one as \
             `sslrootcert`"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host: connect by a name that is in it, or use `sslmode` \
             `verify-ca`"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired: have it renewed".to_owned()
        }
        other => format!("the server's certificate is not accepted: {other}"),
    }
}
