//! Resource metadata: what later calls need to find a job again.
//! Connectors choose the type; `erased` encodes it after create and decodes it before other calls.
//! Flyte stores the bytes, so they must survive upgrades of the connector in both directions.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::python_json;

/// A type that can be sent as `CreateTaskResponse.resource_meta` and read back by later calls.
///
/// Every type with `Serialize` and `Deserialize` is one: it is sent as JSON, byte-equal to what the
/// official Python SDK sends for a dataclass of the same fields, and read leniently (unknown keys
/// are ignored, an absent or null optional is `None`). [`RawMeta`] is for bytes of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a connector's resource metadata",
    label = "not a `ResourceMeta`",
    note = "add `#[derive(Serialize, Deserialize)]` to `{Self}` (and let it be `Send + Sync`): it is sent as `CreateTaskResponse.resource_meta` and read back by every later call"
)]
pub trait ResourceMeta: Sized + Send + Sync + 'static {
    /// The bytes to send.
    ///
    /// # Errors
    /// A value JSON cannot carry, such as a map with keys that are no text.
    fn encode(&self) -> Result<Bytes, MetaError>;

    /// Reads bytes sent earlier, perhaps by another version or by the Python connector.
    ///
    /// # Errors
    /// Bytes that are something else; the message names the problem.
    fn decode(bytes: Bytes) -> Result<Self, MetaError>;
}

#[diagnostic::do_not_recommend]
impl<T> ResourceMeta for T
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn encode(&self) -> Result<Bytes, MetaError> {
        python_json::to_vec(self)
            .map(Bytes::from)
            .map_err(|error| MetaError(format!("resource_meta cannot be encoded: {error}")))
    }

    fn decode(bytes: Bytes) -> Result<Self, MetaError> {
        python_json::from_slice(&bytes)
            .map_err(|error| MetaError(format!("resource_meta cannot be decoded: {error}")))
    }
}

/// The default metadata: one job id, sent as `{"job_id": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobId {
    /// What the outside system calls the job.
    pub job_id: String,
}

impl JobId {
    /// The metadata of that job.
    #[must_use]
    pub fn new(job_id: impl Into<String>) -> Self {
        Self { job_id: job_id.into() }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.job_id)
    }
}

/// Metadata as bytes of your own making, passed through unread.
// No `Serialize` here: with it the blanket impl above would apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawMeta(pub Bytes);

impl ResourceMeta for RawMeta {
    fn encode(&self) -> Result<Bytes, MetaError> {
        Ok(self.0.clone())
    }

    fn decode(bytes: Bytes) -> Result<Self, MetaError> {
        Ok(Self(bytes))
    }
}

/// Resource metadata that cannot be written or read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaError(String);

impl MetaError {
    /// For a [`ResourceMeta`] of your own.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for MetaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MetaError {}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{JobId, RawMeta, ResourceMeta};

    #[test]
    fn job_id_is_one_string() {
        let meta = JobId::new("j-1");
        assert_eq!(&meta.encode().unwrap()[..], br#"{"job_id": "j-1"}"#);
        assert_eq!(JobId::decode(Bytes::from_static(b"{\"job_id\": \"j-1\"}")).unwrap(), meta);
    }

    #[test]
    fn raw_bytes_pass_unread() {
        let bytes = Bytes::from_static(&[0x80, 0xff, 0x00]);
        assert_eq!(RawMeta::decode(bytes.clone()).unwrap().encode().unwrap(), bytes);
    }
}
