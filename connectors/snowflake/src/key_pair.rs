//! A key pair instead of a password: the private key as people have it, and the web token that
//! Snowflake takes for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_core::prelude::*;
use connector_http::SigningKey;
use pkcs8::der::asn1::{AnyRef, BitStringRef};
use pkcs8::der::pem::LineEnding;
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, SecretDocument};
use serde_json::json;
use sha2::{Digest as _, Sha256};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// How long a token is valid; it is used at once.
const VALID_FOR: Duration = Duration::from_secs(60);

/// Reads a private key in PEM, encrypted or not.
///
/// # Errors
/// [`ErrorKind::Unauthenticated`]: it is none, the passphrase is missing or another one's, or it is no
/// RSA key. Nothing of the key is in the text.
pub(crate) fn read(pem: &str, passphrase: Option<&str>) -> Result<SigningKey> {
    let pem = pem.trim();
    let plain;
    let pem = if pem.contains(ENCRYPTED) {
        plain = decrypted(pem, passphrase)?;
        plain.as_str()
    } else {
        pem
    };
    SigningKey::from_pem(pem).map_err(|error| bad(error.message()))
}

fn decrypted(pem: &str, passphrase: Option<&str>) -> Result<String> {
    let passphrase = passphrase
        .filter(|passphrase| !passphrase.is_empty())
        .ok_or_else(|| bad("it is encrypted, and `snowflake_private_key_passphrase` is missing"))?;
    let (_, document) =
        SecretDocument::from_pem(pem).map_err(|_| bad("it is no PEM text, or cut off"))?;
    let encrypted = EncryptedPrivateKeyInfoRef::from_der(document.as_bytes())
        .map_err(|error| bad(&format!("it is no encrypted key of PKCS #8 ({error})")))?;
    let plain = encrypted.decrypt(passphrase).map_err(|_| {
        bad("it cannot be decrypted: `snowflake_private_key_passphrase` is not its passphrase, or it \
             is encrypted in a way that is too old")
    })?;
    let pem = plain.to_pem("PRIVATE KEY", LineEnding::LF);
    pem.map(|pem| pem.to_string()).map_err(|_| bad("it cannot be written as PEM"))
}

fn bad(why: &str) -> ConnectorError {
    ConnectorError::unauthenticated(format!("`snowflake_private_key` cannot be used: {why}"))
}

/// A web token that says who signs in: `ACCOUNT.USER`, in upper case.
///
/// # Errors
/// [`ErrorKind::Permanent`]: the key cannot sign.
pub(crate) fn web_token(key: &SigningKey, account: &str, user: &str) -> Result<String> {
    // The account without its region, or of a global one without its suffix.
    let end = if account.contains(".global") { '-' } else { '.' };
    let account = account.split(end).next().unwrap_or_default().to_uppercase();
    let subject = format!("{account}.{}", user.to_uppercase());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = json!({
        "iss": format!("{subject}.{}", fingerprint(key)?), "sub": subject,
        "iat": now.as_secs(), "exp": (now + VALID_FOR).as_secs(),
    });
    key.token(None, &claims)
}

/// What Snowflake calls a key: `SHA256:` and the digest of the public half.
fn fingerprint(key: &SigningKey) -> Result<String> {
    let public = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) },
        subject_public_key: BitStringRef::from_bytes(key.public_key())
            .or_permanent("no public key")?,
    };
    let der = public.to_der().or_permanent("no public key")?;
    Ok(format!("SHA256:{}", STANDARD.encode(Sha256::digest(&der))))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::Value;

    use super::{fingerprint, read, web_token};

    /// Made for these tests; they open nothing. The last two are the first, encrypted.
    const PLAIN: &str = include_str!("../tests/queries/made-for-tests.pem");
    const AES: &str = include_str!("../tests/queries/made-for-tests-aes.pem");
    const DES3: &str = include_str!("../tests/queries/made-for-tests-des3.pem");
    /// As OpenSSL tells it of the same key.
    const FINGERPRINT: &str = include_str!("../tests/queries/made-for-tests.fingerprint");

    #[test]
    fn a_key_is_read_encrypted_or_not() {
        let keys = [(PLAIN, None), (AES, Some("swordfish")), (DES3, Some("swordfish"))];
        for (pem, passphrase) in keys {
            let key = read(&format!("\n{pem}\n"), passphrase).unwrap();
            assert_eq!(fingerprint(&key).unwrap(), FINGERPRINT.trim());
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_the_key() {
        for (pem, passphrase, told) in [
            (AES, None, "is missing"),
            (AES, Some(""), "is missing"),
            (AES, Some("wrong"), "is not its passphrase"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", Some("x"), "no PEM text"),
            ("MIIEvQ", None, "no PEM text"),
        ] {
            let error = read(pem, passphrase).unwrap_err();
            assert!(error.message().contains(told), "{error}");
            assert_eq!(error.kind(), connector_core::ErrorKind::Unauthenticated);
        }
    }

    #[test]
    fn a_token_says_who_signs_in() {
        let key = read(PLAIN, None).unwrap();
        for (account, subject) in [
            ("myorg-acc", "MYORG-ACC.FLYTE"),
            ("acc.eu-west-1.aws", "ACC.FLYTE"),
            ("acc-1234.global", "ACC.FLYTE"),
        ] {
            let token = web_token(&key, account, "flyte").unwrap();
            let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            assert_eq!(claims["sub"], subject);
            assert_eq!(claims["iss"], format!("{subject}.{}", FINGERPRINT.trim()));
            let valid = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
            assert_eq!(valid, 60);
        }
    }
}
