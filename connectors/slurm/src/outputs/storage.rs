//! Flyte's storage, as far as this service writes to it: file systems that it shares with others.

use std::io;
use std::path::{Path, PathBuf};

use connector_core::prelude::*;
use tokio::fs;
use tokio::io::{AsyncRead, AsyncWriteExt as _};

/// A place in storage that can be written and looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Storage(PathBuf);

impl Storage {
    /// The place that the URI names; `None` if this service has no access to storage of that kind.
    pub(crate) fn at(uri: &str) -> Option<Self> {
        let path = uri.strip_prefix("file://").unwrap_or(uri);
        // Nothing may lead out of the prefix that it is under.
        let inner =
            Path::new(path).components().all(|part| part != std::path::Component::ParentDir);
        (path.starts_with('/') && inner).then(|| Self(PathBuf::from(path)))
    }

    /// That a task's outputs cannot be carried there.
    pub(crate) fn no_access(uri: &str) -> ConnectorError {
        let kind = uri.split_once("://").map_or("this", |(kind, _)| kind);
        ConnectorError::permanent(format!(
            "the connector has no access to `{kind}` storage, where the outputs of this task belong ({uri}): it \
             writes to file systems alone. Set output_upload='job' on the task, and have the script upload to the \
             URI it is given in FLYTE_OUTPUT_<NAME>, with `aws s3 cp`, `gcloud storage cp`, `rclone copyto` or \
             whatever the cluster has"
        ))
    }

    /// The place of that name below this one.
    pub(crate) fn below(&self, relative: &str) -> Self {
        Self(self.0.join(relative))
    }

    /// How large the file there is; `None` if there is none.
    pub(crate) async fn size(&self) -> Option<u64> {
        fs::metadata(&self.0).await.ok().filter(std::fs::Metadata::is_file).map(|about| about.len())
    }

    /// Whether there is anything.
    pub(crate) async fn exists(&self) -> bool {
        fs::try_exists(&self.0).await.unwrap_or(false)
    }

    /// Writes a file, which is there as a whole or not at all.
    ///
    /// # Errors
    /// As the file system says.
    pub(crate) async fn write(&self, mut from: impl AsyncRead + Unpin) -> io::Result<()> {
        let name = self.0.file_name().and_then(|name| name.to_str()).unwrap_or("output");
        let part = self.0.with_file_name(format!(".{name}.part"));
        if let Some(parent) = self.0.parent() {
            fs::create_dir_all(parent).await?;
        }
        let mut file = fs::File::create(&part).await?;
        tokio::io::copy(&mut from, &mut file).await?;
        file.flush().await?;
        file.sync_all().await?;
        fs::rename(&part, &self.0).await
    }
}

#[cfg(test)]
mod tests {
    use super::Storage;

    #[test]
    fn only_file_systems_are_reached() {
        for uri in ["s3://b/x", "gs://b/x", "relative", "file://../x", "/a/../b", ""] {
            assert_eq!(Storage::at(uri), None, "{uri}");
        }
        assert_eq!(Storage::at("file:///a/b"), Storage::at("/a/b"));
        let told = Storage::no_access("s3://b/x");
        assert!(
            told.message().contains("`s3` storage")
                && told.message().contains("output_upload='job'")
        );
    }

    #[tokio::test]
    async fn a_file_is_there_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = Storage::at(folder.path().join("a/b").to_str().unwrap()).unwrap();
        assert_eq!((place.size().await, place.exists().await), (None, false));
        place.write(&b"hello"[..]).await.unwrap();
        assert_eq!((place.size().await, place.exists().await), (Some(5), true));
        let names = std::fs::read_dir(folder.path().join("a")).unwrap().count();
        assert_eq!(names, 1, "nothing half is left");
    }
}
