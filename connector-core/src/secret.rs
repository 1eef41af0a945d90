//! A value that must not be printed.
//! Connections hold these; connectors open them at the moment of use.
//! It has no `Serialize` on purpose: a secret in resource metadata would be stored in Flyte's state.

use std::fmt;

/// A secret text: prints as `***`, and cannot be serialised.
///
/// ```compile_fail
/// // A secret in resource metadata does not compile.
/// #[derive(serde::Serialize)]
/// struct Meta {
///     token: connector_core::Secret,
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The text itself, for the one line that sends it to the outside system.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
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
        assert_eq!(secret.expose(), "hunter2");
    }
}
