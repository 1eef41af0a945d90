//! The generated files as they stand in the checkout: comparing and writing them.
//! Called by `main` with what `generate` made. Nothing here knows protobuf.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::generate::{CORE_DIR, Failure, Files, SERVER_DIR};

/// One generated file that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    Missing(PathBuf),
    Changed(PathBuf),
    /// Left over from a package that is no longer there.
    Stale(PathBuf),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{} is missing", path.display()),
            Self::Changed(path) => write!(f, "{} differs from proto/", path.display()),
            Self::Stale(path) => write!(f, "{} has no source in proto/", path.display()),
        }
    }
}

/// Every difference between `files` and the checkout at `root`, sorted by kind of file.
///
/// # Errors
/// When a file exists but cannot be read.
pub(crate) fn differences(root: &Path, files: &Files) -> Result<Vec<Difference>, Failure> {
    let mut found = Vec::new();
    for (path, wanted) in files {
        match fs::read(root.join(path)) {
            Ok(present) if &present == wanted => {}
            Ok(_) => found.push(Difference::Changed(path.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                found.push(Difference::Missing(path.clone()));
            }
            Err(error) => return Err(format!("cannot read {}: {error}", path.display()).into()),
        }
    }
    found.extend(stale(root, files)?.into_iter().map(Difference::Stale));
    Ok(found)
}

/// Makes the checkout at `root` hold exactly `files`.
///
/// # Errors
/// When a file cannot be written or removed.
pub(crate) fn write(root: &Path, files: &Files) -> Result<(), Failure> {
    for path in stale(root, files)? {
        fs::remove_file(root.join(path))?;
    }
    for (path, contents) in files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // An untouched file keeps its time stamp, so that nothing is rebuilt for it.
        if fs::read(&path).ok().as_ref() != Some(contents) {
            fs::write(&path, contents)?;
        }
    }
    Ok(())
}

/// Generated files on disk that `files` does not contain. Hand-written files there are not named
/// after a package, as `mod.rs`.
fn stale(root: &Path, files: &Files) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for dir in [CORE_DIR, SERVER_DIR] {
        let entries = match fs::read_dir(root.join(dir)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let name = entry?.file_name();
            let path = Path::new(dir).join(&name);
            let generated = name.to_string_lossy().starts_with("flyteidl");
            if generated && !files.contains_key(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_file(contents: &[u8]) -> Files {
        let path = Path::new(CORE_DIR).join("flyteidl2.core.rs");
        Files::from([(path, contents.to_vec())])
    }

    #[test]
    fn each_kind_of_difference_is_found_and_mended() {
        let root = tempfile::tempdir().unwrap();
        let files = one_file(b"new");
        let path = Path::new(CORE_DIR).join("flyteidl2.core.rs");
        let old = Path::new(SERVER_DIR).join("flyteidl2.gone.rs");
        let by_hand = root.path().join(CORE_DIR).join("mod.rs");

        assert_eq!(differences(root.path(), &files).unwrap(), [Difference::Missing(path.clone())]);
        write(root.path(), &one_file(b"old")).unwrap();
        fs::create_dir_all(root.path().join(SERVER_DIR)).unwrap();
        fs::write(root.path().join(&old), b"").unwrap();
        fs::write(&by_hand, b"").unwrap();
        assert_eq!(
            differences(root.path(), &files).unwrap(),
            [Difference::Changed(path), Difference::Stale(old)]
        );
        write(root.path(), &files).unwrap();
        assert_eq!(differences(root.path(), &files).unwrap(), []);
        assert!(by_hand.exists(), "hand-written files stay");
    }
}
