//! The code that comes with a task: a zip archive. Spark's submission server has no upload, so it travels in the driver's
//! environment, which no log shows, and the launcher (`launcher.py`) writes it into the driver's folder.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use connector_core::prelude::*;
use connector_http::carried_archive;

/// What the launcher calls the archive. Spark's own properties name it, so that executors get it, too.
pub(crate) const NAME: &str = "flyte-code.zip";
/// The variables that carry it begin so, and end with the number of the piece.
const VARIABLE: &str = "FLYTE_CODE_";
/// The longest piece, in letters: Linux takes 128 KiB for one variable.
const PIECE: usize = 96 * 1024;

/// The variables that carry an archive, which is written in base64.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: it is none, or too large.
pub(crate) fn variables(text: &str) -> Result<BTreeMap<String, String>> {
    let instead = "put the code where workers can fetch it, and name that as `application`";
    let archive = carried_archive("working_dir_zip", text, instead)?;
    let letters = BASE64_STANDARD.encode(archive);
    let pieces = letters.as_bytes().chunks(PIECE).map(String::from_utf8_lossy).enumerate();
    Ok(pieces.map(|(number, piece)| (format!("{VARIABLE}{number}"), piece.into_owned())).collect())
}

/// The program at that path in the archive.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: it can be none.
pub(crate) fn program(path: &str) -> Result<&str> {
    let is_below =
        !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_below && path.ends_with(".py") {
        return Ok(path);
    }
    Err(ConnectorError::invalid_task(
        "with `working_dir_zip`, `application` is a Python program in that archive, by its path there, such as `main.py`",
    ))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::{program, variables};

    #[test]
    fn no_piece_is_longer_than_a_variable_may_be() {
        let bytes = [b"PK\x03\x04".as_slice(), &[7; 300_000], b"PK\x05\x06"].concat();
        let text = BASE64_STANDARD.encode(bytes);
        let pieces = variables(&text).unwrap();
        assert_eq!(pieces.len(), 5);
        assert!(pieces.values().all(|piece| piece.len() <= 96 * 1024));
        assert_eq!(pieces.values().map(String::as_str).collect::<String>(), text);
        assert_eq!(pieces.keys().next().unwrap(), "FLYTE_CODE_0");
    }

    #[test]
    fn a_program_stands_in_the_archive() {
        assert_eq!(program("jobs/main.py").unwrap(), "jobs/main.py");
        for path in ["/main.py", "../main.py", "a/./main.py", "main.jar", "https://x/main.py"] {
            assert!(program(path).is_err(), "{path}");
        }
    }
}
