//! A value that must not be printed, and where it may be sent.
//! Connections and settings hold these; connectors open them at the moment of use.
//! It has no `Serialize` on purpose: a secret in resource metadata would be stored in Flyte's state.

mod host;
mod hosts;
mod operator;
mod serial;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub(crate) use operator::{DIRECTORY, Lent};
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
    /// Ask for it before the request is made, with where the request will go to: its URL, or its host
    /// with or without a port. Then a task that names a host of its own cannot have the operator's
    /// secret sent there. Let the client follow no redirect to another host with it.
    ///
    /// Case, a dot at the end, brackets and spellings of IPv6 make no difference, and the URL's scheme
    /// names the port where the URL does not (`https` 443, `http` 80). Where the operator bound the
    /// secret to a port, a host without one is refused. So is a URL with a user in front of its host.
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

    /// A secret that the operator wrote down, see [`as_meant`].
    pub(crate) fn bound(written: &str, hosts: Arc<Hosts>) -> Self {
        Self { text: as_meant(written).to_owned(), bound: Some(hosts) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// The secret in what somebody wrote down, be it in a file, a variable or a secret store: editors and
/// shells begin a text with a byte-order mark and end its line. Of a text of several lines, such as a
/// key, the last end may count.
pub(crate) fn as_meant(written: &str) -> &str {
    const MARK: char = '\u{feff}';
    let text = written.trim_start_matches(MARK);
    let line = text.trim_end_matches(['\r', '\n', MARK]);
    if line.contains(['\r', '\n']) { text } else { line }
}

/// The secrets of a call's connection, each as it was meant.
pub(crate) fn read_as_meant(secrets: &mut BTreeMap<String, String>) {
    for written in secrets.values_mut() {
        let meant = as_meant(written);
        if meant.len() != written.len() {
            *written = meant.to_owned();
        }
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
    use super::{Secret, as_meant};

    #[test]
    fn a_line_is_the_secret_however_it_was_written_down() {
        for written in
            ["k1", "k1\n", "k1\r\n", "k1\n\n", "\u{feff}k1", "\u{feff}k1\r\n", "k1\u{feff}\n"]
        {
            assert_eq!(as_meant(written), "k1", "{written:?}");
        }
        for (written, meant) in [
            ("\u{feff}a\nb\n", "a\nb\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            (" k 1\t", " k 1\t"),
            ("a\u{feff}b", "a\u{feff}b"),
            ("\u{feff}\n", ""),
        ] {
            assert_eq!(as_meant(written), meant, "{written:?}");
        }
    }

    #[test]
    fn prints_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose().unwrap(), "hunter2");
        assert_eq!(secret.expose_for("anywhere.example").unwrap(), "hunter2");
    }
}
