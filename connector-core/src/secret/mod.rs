//! A value that must not be printed, and where it may be sent.
//! Connections and settings hold these; connectors open them at the moment of use.
//! It has no `Serialize` on purpose: a secret in resource metadata would be stored in Flyte's state.

mod hosts;
mod operator;
mod serial;

use std::fmt;
use std::sync::Arc;

pub(crate) use operator::Lent;
pub use operator::{OperatorSecrets, Refreshed};
pub use serial::Storable;

use self::hosts::Hosts;
use crate::error::Result;

/// A secret text: prints as `***`, and cannot be serialised. It can be read, as a part of what an
/// outside system answers.
///
/// What a task brought is the task's own: it may be sent anywhere. What the operator configured is
/// lent to every task of the connector, so it is bound to the hosts the operator named, see
/// [`Secret::expose_for`].
///
/// ```compile_fail
/// // A secret in resource metadata does not compile.
/// #[derive(serde::Serialize)]
/// struct Meta {
///     token: connector_core::Secret,
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    /// The hosts it may be sent to; `None` for anywhere.
    bound: Option<Arc<Hosts>>,
}

impl Secret {
    /// Wraps a secret text that may be sent anywhere.
    pub fn new(value: impl Into<String>) -> Self {
        Self { text: value.into(), bound: None }
    }

    /// The text itself, for the one line that sends it to this host of the outside system.
    ///
    /// Ask for it before the request is made, with the host the request will go to: that of the URL,
    /// as `reqwest::Url::host_str` gives it, with or without a port. Then a task that names a host of
    /// its own cannot have the operator's secret sent there. Let the client follow no redirect to
    /// another host with it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Permanent`] for a host that the secret is not bound to, and for what is
    /// no host.
    pub fn expose_for(&self, host: &str) -> Result<&str> {
        if let Some(hosts) = &self.bound {
            hosts.check(host)?;
        }
        Ok(&self.text)
    }

    /// The text itself, where no host can be named: a key that signs, a password of a library.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Permanent`] for a secret of the operator, unless the operator lets it be
    /// sent anywhere.
    pub fn expose(&self) -> Result<&str> {
        if let Some(hosts) = &self.bound {
            hosts.check_unnamed()?;
        }
        Ok(&self.text)
    }

    pub(crate) const fn bound(text: String, hosts: Arc<Hosts>) -> Self {
        Self { text, bound: Some(hosts) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn prints_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose().unwrap(), "hunter2");
        assert_eq!(secret.expose_for("anywhere.example").unwrap(), "hunter2");
    }
}
