//! The code that a task carries: a zip archive, which becomes the job's working directory.
//!
//! Ray keeps such archives in the head node's memory (`gcs://…`): for as long as a job that has not ended names them, and
//! for ten minutes after somebody asked whether they are there. So each create asks, and brings what is not.

use connector_core::prelude::*;
use connector_http::carried_archive;
use sha2::{Digest as _, Sha256};

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
        let instead = "put the archive where Ray can read it, and give its address as `working_dir` in `runtime_env`";
        let archive = carried_archive("working_dir_zip", text, instead)?;
        let digest = Sha256::digest(&archive);
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { package: format!("_ray_pkg_{name}.zip"), archive })
    }

    /// Where the job finds it.
    pub(crate) fn uri(&self) -> String {
        format!("gcs://{}", self.package)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

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
}
