//! The committed examples of each target, below `corpus/`.
//! Campaigns read them; the test of the corpus holds them against `entries`, and writes them if asked to.
//! `regressions` folders are filled by hand, with inputs that once failed; no program writes there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of inputs that once failed, in every target's folder.
const REGRESSIONS: &str = "regressions";

/// One example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path below the target's folder.
    pub name: String,
    /// The example itself.
    pub bytes: Vec<u8>,
}

/// Every example of one target.
#[derive(Debug, Clone)]
pub struct Corpus {
    entries: Vec<Entry>,
}

impl Corpus {
    /// Reads what is committed for a target, regressions included.
    ///
    /// # Panics
    /// There is none, or it cannot be read.
    #[must_use]
    pub fn of(target: &str) -> Self {
        let folder = folder(target);
        let mut entries =
            read(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert!(!entries.is_empty(), "{} is empty", folder.display());
        // Folders come in any order, and a seed must mean the same inputs everywhere.
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Self { entries }
    }

    /// The same with more examples.
    #[must_use]
    pub fn and(mut self, more: Vec<Entry>) -> Self {
        self.entries.extend(more);
        self
    }

    /// The examples, in an order that stays; never none.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The examples that `entries` made.
    pub fn made(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.name.starts_with(REGRESSIONS))
    }
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

fn read(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for item in fs::read_dir(folder)? {
        let item = item?;
        let name = item.file_name().to_string_lossy().into_owned();
        if item.file_type()?.is_dir() {
            let below = read(&item.path())?;
            entries.extend(below.into_iter().map(|Entry { name: file, bytes }| Entry {
                name: format!("{name}/{file}"),
                bytes,
            }));
        } else {
            entries.push(Entry { name, bytes: fs::read(item.path())? });
        }
    }
    Ok(entries)
}

/// Replaces what is committed for a target, regressions excepted.
///
/// # Errors
/// A file cannot be written or removed.
pub fn write(target: &str, entries: &[Entry]) -> io::Result<()> {
    let folder = folder(target);
    fs::create_dir_all(&folder)?;
    for item in fs::read_dir(&folder)? {
        let item = item?;
        if item.file_type()?.is_file() {
            fs::remove_file(item.path())?;
        }
    }
    for Entry { name, bytes } in entries {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
