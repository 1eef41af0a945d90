//! The code that a task carries: a zip archive, which becomes the job's working directory.
//!
//! Ray keeps such archives in the head node's memory (`gcs://…`): for as long as a job that has not ended names them, and
//! for ten minutes after somebody asked whether they are there. So each create asks, and brings what is not.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use connector_core::prelude::*;
use sha2::{Digest as _, Sha256};

/// The largest archive, in bytes: Flyte carries a task in whole, wherever it goes.
const MOST: usize = 512 * 1024;
/// What an archive begins with, and what its directory ends with.
const BEGINS: &[u8] = b"PK\x03\x04";
const ENDS: &[u8] = b"PK\x05\x06";

/// An archive, and what it is called in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) package: String,
    pub(crate) archive: Vec<u8>,
}

impl Code {
    /// Reads an archive that is written in base64.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it is none, or too large.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let invalid =
            |why: String| ConnectorError::invalid_task(format!("`working_dir_zip` {why}"));
        // Before it is decoded: of four letters come three bytes.
        if text.len() / 4 * 3 > MOST + 3 {
            return Err(invalid(too_large(text.len() / 4 * 3)));
        }
        let lines: String = text.split_ascii_whitespace().collect();
        let archive = BASE64_STANDARD
            .decode(lines)
            .map_err(|error| invalid(format!("is not written in base64: {error}")))?;
        if archive.len() > MOST {
            return Err(invalid(too_large(archive.len())));
        }
        let is_whole = archive.windows(ENDS.len()).any(|part| part == ENDS);
        if !archive.starts_with(BEGINS) || !is_whole {
            return Err(invalid(
                "is no zip archive, or an empty one, or a part of one: give the bytes of a whole file".to_owned(),
            ));
        }
        let digest = Sha256::digest(&archive);
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { package: format!("_ray_pkg_{name}.zip"), archive })
    }

    /// Where the job finds it.
    pub(crate) fn uri(&self) -> String {
        format!("gcs://{}", self.package)
    }
}

fn too_large(bytes: usize) -> String {
    format!(
        "has {bytes} bytes, and a task carries at most {MOST}: put the archive where Ray can read it, and give its \
         address as `working_dir` in `runtime_env`"
    )
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use connector_core::prelude::*;

    use super::Code;

    /// An archive of one empty file `a`.
    const ARCHIVE: &str = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAA\n\
                           AACAAQAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==";

    #[test]
    fn an_archive_is_named_by_its_content() {
        let code = Code::read(ARCHIVE).unwrap();
        assert_eq!(code, Code::read(&ARCHIVE.replace('\n', "")).unwrap());
        assert!(code.archive.starts_with(b"PK"));
        let name = code.package.strip_prefix("_ray_pkg_").and_then(|it| it.strip_suffix(".zip"));
        assert_eq!(name.map(str::len), Some(32), "{}", code.package);
        assert_eq!(code.uri(), format!("gcs://{}", code.package));
        let mut other = code.archive.clone();
        other.push(0);
        assert_ne!(Code::read(&BASE64_STANDARD.encode(other)).unwrap().package, code.package);
    }

    #[test]
    fn what_is_no_archive_is_told_before_ray_is_asked() {
        let large = BASE64_STANDARD.encode([b"PK\x03\x04".as_slice(), &[0; 600_000]].concat());
        for (text, words) in [
            ("", "no zip archive"),
            ("a/b/code.zip", "base64"),
            ("UEsDBA==", "a part of one"),
            ("aGVsbG8=", "no zip archive"),
            (&large, "at most 524288"),
        ] {
            let error = Code::read(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains(words), "{error}");
            assert!(error.message().len() < 400, "{error}");
        }
    }
}
