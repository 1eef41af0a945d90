//! Files that the flags of `run` name, as bytes to be read on: without the mark that some editors put first.
//! `task`, `settings` and `template` read theirs here. What is in them is their business.

use std::fs;
use std::path::Path;

/// The mark of UTF-8. No JSON begins with it, and no serialised message.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes of a file.
///
/// # Errors
/// It cannot be read, or it is text in an encoding that JSON does not have.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = fs::read(file).map_err(|error| error.to_string())?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16; save it as UTF-8".to_owned());
    }
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        for (bytes, wanted) in [
            (&b"\xef\xbb\xbf{}"[..], Ok(b"{}".to_vec())),
            (b"{}", Ok(b"{}".to_vec())),
            (b"\xff\xfe{\0}\0", Err("it is UTF-16; save it as UTF-8".to_owned())),
            (b"", Ok(Vec::new())),
        ] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(read(&file), wanted);
        }
        assert!(read(&folder.path().join("none")).is_err());
    }
}
