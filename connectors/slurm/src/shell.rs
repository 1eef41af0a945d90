//! Words of a shell's line. Every value that goes to the login node's shell, or into a job's script, goes
//! through here.

use connector_core::prelude::*;

/// The text as one word for a POSIX shell: as it is where it needs no quotes, else in single quotes. It is
/// spelled as Python's `shlex.quote` does, so that scripts equal those of the official connector.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: a shell's word cannot hold a zero byte.
pub(crate) fn quote(text: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if text.contains('\0') {
        let shown = text.replace('\0', "\\0");
        return Err(ConnectorError::invalid_task(format!(
            "{shown:?} has a zero byte, which no shell can be given"
        )));
    }
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Ok(format!("'{}'", text.replace('\'', r#"'"'"'"#)))
}

/// A line of quoted words.
///
/// # Errors
/// As [`quote`].
pub(crate) fn line(words: &[String]) -> Result<String> {
    let words: Result<Vec<String>> = words.iter().map(|word| quote(word)).collect();
    Ok(words?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::{line, quote};

    #[test]
    fn words_are_spelled_as_python_spells_them() {
        for (text, word) in [
            ("", "''"),
            ("/a/b-c_d.e", "/a/b-c_d.e"),
            ("a b", "'a b'"),
            ("$HOME; rm -rf /", "'$HOME; rm -rf /'"),
            ("it's", r#"'it'"'"'s'"#),
            ("a\nb", "'a\nb'"),
            ("é", "'é'"),
        ] {
            assert_eq!(quote(text).unwrap(), word, "{text:?}");
        }
        assert_eq!(line(&["ls".to_owned(), "a b".to_owned()]).unwrap(), "ls 'a b'");
    }

    #[test]
    fn a_zero_byte_is_refused() {
        assert!(quote("a\0b").unwrap_err().message().contains(r"a\\0b"));
    }
}
