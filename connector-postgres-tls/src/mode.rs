//! The words of `sslmode`.

use std::fmt;
use std::str::FromStr;

/// How TLS is spoken, by the names that PostgreSQL gives it. What is later in the list asks for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// Where the server offers it.
    Prefer,
    /// Or not at all; whose certificate it is does not matter, unless authorities are given.
    Require,
    /// With a certificate that an authority signed.
    VerifyCa,
    /// With such a certificate of that host.
    VerifyFull,
}

impl SslMode {
    /// Every mode.
    pub const ALL: [Self; 5] =
        [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// What the driver is told of it: whether to ask for TLS, and to go on without.
    #[cfg(feature = "driver")]
    #[must_use]
    pub const fn of_driver(self) -> tokio_postgres::config::SslMode {
        use tokio_postgres::config;

        match self {
            Self::Disable => config::SslMode::Disable,
            Self::Prefer => config::SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => config::SslMode::Require,
        }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SslMode {
    type Err = String;

    /// Reads the word; `allow` counts as `prefer`.
    ///
    /// # Errors
    /// Another word, which is not repeated: a password may stand in its place.
    fn from_str(word: &str) -> Result<Self, String> {
        let word = if word == "allow" { "prefer" } else { word };
        Self::ALL.into_iter().find(|mode| mode.as_str() == word).ok_or_else(|| {
            "`sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::SslMode;

    #[test]
    fn every_word_is_read_and_the_next_one_asks_for_more() {
        for mode in SslMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!("allow".parse(), Ok(SslMode::Prefer));
        assert!(SslMode::ALL.is_sorted());
        assert!(!"hunter2".parse::<SslMode>().unwrap_err().contains("hunter2"));
    }
}
