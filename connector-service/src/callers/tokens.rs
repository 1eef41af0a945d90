//! The tokens that callers may bring, as a file has them: one a line, so that a new one is there before the
//! old one goes. Only their digests are kept.

use std::fmt;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::reread::Reread;

/// Shorter ones can be guessed. 16 letters of `openssl rand -hex` are 64 bits.
const LEAST_BYTES: usize = 16;

/// The tokens of a file.
pub(crate) struct Tokens(Vec<[u8; 32]>);

impl Tokens {
    /// Reads the file, on the current runtime, and reads it again when it changes.
    ///
    /// # Errors
    /// It cannot be read, or has no token that could be used.
    pub(crate) fn open(file: PathBuf) -> Result<Reread<Self>, String> {
        let shown = file.display().to_string();
        Reread::start("tokens of callers", vec![file], move |contents| {
            let content = contents.first().map(Vec::as_slice).unwrap_or_default();
            Self::read(content).map_err(|problem| format!("{shown}: {problem}"))
        })
    }

    fn read(content: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(content).map_err(|_| "it is no text")?;
        let mut tokens = Vec::new();
        for (line, token) in text.lines().map(str::trim).enumerate() {
            if token.is_empty() || token.starts_with('#') {
                continue;
            }
            let problem = if token.len() < LEAST_BYTES {
                "is shorter than 16 characters"
            } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                "has characters that no header can have"
            } else {
                tokens.push(digest(token.as_bytes()));
                continue;
            };
            return Err(format!("the token in line {} {problem}", line + 1));
        }
        if tokens.is_empty() {
            return Err("it has no token, so nobody could call; write one a line".to_owned());
        }
        Ok(Self(tokens))
    }

    /// Whether it is one of them. How long that takes tells nothing about them but how many there are.
    pub(super) fn has(&self, token: &[u8]) -> bool {
        let brought = digest(token);
        let is_any =
            self.0.iter().fold(Choice::from(0), |is_any, known| is_any | known.ct_eq(&brought));
        is_any.into()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.0.len()).finish()
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    const ONE: &str = "0123456789abcdef";
    const OTHER: &str = "fedcba9876543210";

    #[test]
    fn every_line_is_a_token() {
        let tokens = Tokens::read(format!("# of May\n{ONE}\n\n  {OTHER}\r\n").as_bytes()).unwrap();
        assert!(tokens.has(ONE.as_bytes()) && tokens.has(OTHER.as_bytes()));
        for no in ["", "# of May", "0123456789abcde", "0123456789abcdeff", "0123456789ABCDEF"] {
            assert!(!tokens.has(no.as_bytes()), "{no}");
        }
        assert!(!format!("{tokens:?}").contains(ONE));
    }

    #[test]
    fn what_cannot_be_used_is_told_by_its_line_and_not_shown() {
        for (content, said) in [
            (&b""[..], "no token"),
            (b"\n# nothing\n", "no token"),
            (b"\xff\xfe", "no text"),
            (b"0123456789abcdef\nhunter2\n", "line 2 is shorter than 16"),
            (b"hunter2 hunter2 hunter2", "line 1 has characters"),
        ] {
            let problem = Tokens::read(content).unwrap_err();
            assert!(problem.contains(said) && !problem.contains("hunter2"), "{problem}");
        }
    }
}
