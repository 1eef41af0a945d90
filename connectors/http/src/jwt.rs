//! A JSON web token signed with an RSA key, which is how Google and Snowflake take a key instead of a password.
//! Connectors give header and claims; the key is read here, from PEM.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use connector_core::{ConnectorError, OrKind as _, Result};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use serde_json::{Value, json};

/// An RSA key that signs.
#[derive(Debug)]
pub struct SigningKey(KeyPair);

impl SigningKey {
    /// Reads a private key from PEM: PKCS #8 (`BEGIN PRIVATE KEY`) or PKCS #1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: it is neither, or no RSA key of 2048 bits or more.
    pub fn from_pem(pem: &str) -> Result<Self> {
        if let Some(der) = between(pem, "RSA PRIVATE KEY")? {
            return KeyPair::from_der(&der).map(Self).map_err(unfit);
        }
        if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") {
            return Err(ConnectorError::permanent(
                "the private key is encrypted, and a plain one is wanted here",
            ));
        }
        let Some(der) = between(pem, "PRIVATE KEY")? else {
            return Err(ConnectorError::permanent(
                "the private key is no PEM text; it begins with `-----BEGIN PRIVATE KEY-----`",
            ));
        };
        KeyPair::from_pkcs8(&der).map(Self).map_err(unfit)
    }

    /// The public half, as an `RSAPublicKey` of PKCS #1 in DER.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// A token with these claims, signed by RS256. `key_id` names the key to the one who verifies it.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: the key cannot sign.
    pub fn token(&self, key_id: Option<&str>, claims: &Value) -> Result<String> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let (Some(header), Some(key_id)) = (header.as_object_mut(), key_id) {
            header.insert("kid".to_owned(), key_id.into());
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| ConnectorError::permanent("the private key cannot sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn unfit(error: ring::error::KeyRejected) -> ConnectorError {
    ConnectorError::permanent(format!(
        "the private key cannot be used ({error}); it must be an RSA key of 2048 bits or more"
    ))
}

/// The bytes of the first PEM block with that label.
fn between(pem: &str, label: &str) -> Result<Option<Vec<u8>>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let Some((_, rest)) = pem.split_once(&begin) else { return Ok(None) };
    let (body, _) = rest.split_once(&end).ok_or_else(|| {
        ConnectorError::permanent("the private key is cut off: its last line is missing")
    })?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(body).map(Some).or_permanent("the private key is no PEM text")
}
