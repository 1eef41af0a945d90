//! Where outputs of finished tasks lie: a folder, or nowhere.
//! `look` reads and writes `outputs.pb` through here by the executor's rules.

use std::path::{Path, PathBuf};

use connector_core::pb;
use prost::Message;

/// The storage below the output prefixes.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutputStore {
    pub(crate) folder: Option<PathBuf>,
}

/// What `outputs.pb` under a prefix holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WrittenOutputs {
    Missing,
    Unreadable(String),
    Values(Vec<pb::task::NamedLiteral>),
}

impl OutputStore {
    pub(crate) fn read(&self, prefix: &str) -> WrittenOutputs {
        let Some(file) = file(prefix) else {
            return WrittenOutputs::Missing;
        };
        match std::fs::read(&file) {
            Ok(bytes) => match pb::task::Outputs::decode(bytes.as_slice()) {
                Ok(outputs) => WrittenOutputs::Values(outputs.literals),
                Err(error) => WrittenOutputs::Unreadable(error.to_string()),
            },
            Err(_absent) => WrittenOutputs::Missing,
        }
    }

    /// Writes what the connector answered, as the executor does.
    pub(crate) fn write(
        &self,
        prefix: &str,
        literals: &[pb::task::NamedLiteral],
    ) -> std::io::Result<()> {
        let (Some(_folder), Some(file)) = (&self.folder, file(prefix)) else {
            return Ok(());
        };
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let outputs =
            pb::task::Outputs { literals: literals.to_vec(), produced_artifacts: Vec::new() };
        std::fs::write(file, outputs.encode_to_vec())
    }
}

fn file(prefix: &str) -> Option<PathBuf> {
    prefix.strip_prefix("file://").map(|path| Path::new(path).join("outputs.pb"))
}
