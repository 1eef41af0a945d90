//! Code that comes with a task: a zip archive, written in base64. What becomes of it is the connector's.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use connector_core::prelude::*;

/// The largest archive, in bytes: Flyte carries a task in whole, wherever it goes.
const MOST: usize = 512 * 1024;
/// What an archive begins with, and what its directory ends with.
const BEGINS: &[u8] = b"PK\x03\x04";
const ENDS: &[u8] = b"PK\x05\x06";

/// Reads an archive that stands in a task's setting of that name. `instead` says what to do with one that is too large.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: it is none, or larger than 512 KiB.
pub fn carried_archive(setting: &str, text: &str, instead: &str) -> Result<Vec<u8>> {
    let invalid = |why: &str| ConnectorError::invalid_task(format!("`{setting}` {why}"));
    let too_large = |bytes: usize| {
        invalid(&format!("has {bytes} bytes, and a task carries at most {MOST}: {instead}"))
    };
    // Before it is decoded: of four letters come three bytes.
    let about = text.len() / 4 * 3;
    if about > MOST + 3 {
        return Err(too_large(about));
    }
    let letters: String = text.split_ascii_whitespace().collect();
    let archive = BASE64_STANDARD
        .decode(letters)
        .map_err(|error| invalid(&format!("is not written in base64: {error}")))?;
    if archive.len() > MOST {
        return Err(too_large(archive.len()));
    }
    let is_whole = archive.windows(ENDS.len()).any(|part| part == ENDS);
    if !archive.starts_with(BEGINS) || !is_whole {
        return Err(invalid(
            "is no zip archive, or an empty one, or a part of one: give the bytes of a whole file",
        ));
    }
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use connector_core::prelude::*;

    use super::carried_archive;

    /// An archive of one empty file `a`.
    const ARCHIVE: &str = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAA\n\
                           AACAAQAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==";

    #[test]
    fn lines_of_base64_are_an_archive() {
        let archive = carried_archive("zip", ARCHIVE, "").unwrap();
        assert!(archive.starts_with(b"PK"));
        assert_eq!(carried_archive("zip", &ARCHIVE.replace('\n', ""), "").unwrap(), archive);
    }

    #[test]
    fn what_is_no_archive_is_told_by_the_name_of_its_setting() {
        let large = BASE64_STANDARD.encode([b"PK\x03\x04".as_slice(), &[0; 600_000]].concat());
        for (text, words) in [
            ("", "no zip archive"),
            ("a/b/code.zip", "base64"),
            ("UEsDBA==", "a part of one"),
            ("aGVsbG8=", "no zip archive"),
            (&large, "at most 524288: put it elsewhere"),
        ] {
            let error = carried_archive("code_zip", text, "put it elsewhere").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().starts_with("`code_zip` "), "{error}");
            assert!(error.message().contains(words), "{error}");
            assert!(error.message().len() < 400, "{error}");
        }
    }
}
