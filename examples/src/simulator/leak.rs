//! What a careless connector does with a secret: says it, as it is and encoded.
//! `leak_secret` asks for it, to prove that nothing of it arrives. Real connectors copy none of this.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use connector_core::prelude::*;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A secret in the forms in which it leaks.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Leak {
    pub(crate) plain: String,
    pub(crate) url: String,
    pub(crate) base64: String,
}

impl Leak {
    /// The secret `api_key` of a call, if the call has it and the task asks for it.
    pub(crate) fn of(asked: bool, connection: &DynamicConnection) -> Option<Self> {
        let secret = connection.secret("api_key").filter(|_| asked)?.expose().ok()?;
        Some(Self {
            plain: secret.to_owned(),
            url: utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            // As in the header of basic authentication.
            base64: STANDARD.encode(format!("simulator:{secret}")),
        })
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plain, url, base64 } = self;
        write!(f, "api_key={plain} url=?api_key={url} header=Basic {base64}")
    }
}

// Not even a double prints it where it was not asked to.
impl fmt::Debug for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
