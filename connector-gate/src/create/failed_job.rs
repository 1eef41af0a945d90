//! Rule: a task that can never work becomes a job that reports FAILED on its first poll.
//! As an error of create it would burn every attempt. No job exists anywhere: what happened travels
//! in resource metadata of the server's own.

use bytes::Bytes;
use connector_core::host::ErasedResource;
use serde_json::{Value, json};

use crate::text::TextLimit;

/// How such metadata begins. A connector's own begins with its first field.
const KEY: &str = "flyte_connector_failed_at_create";

/// The metadata of a job that was never made. `message` should be capped already: it is kept in
/// Flyte's state.
pub(crate) fn remember(kind: &str, message: &str) -> Bytes {
    json!({ KEY: { "kind": kind, "message": message } }).to_string().into()
}

/// The failed job, if the metadata is that of one. Anybody can have written its message.
pub(crate) fn recall(resource_meta: &[u8], texts: TextLimit) -> Option<ErasedResource> {
    let own = resource_meta.strip_prefix(b"{\"")?.starts_with(KEY.as_bytes());
    if !own {
        return None;
    }
    let meta: Value = serde_json::from_slice(resource_meta).ok()?;
    let message = meta.get(KEY)?.get("message")?.as_str()?;
    Some(crate::answer::failed(texts.capped(message.to_owned())))
}

#[cfg(test)]
mod tests {
    use connector_core::Phase;

    use super::{TextLimit, remember};

    fn recall(resource_meta: &[u8]) -> Option<super::ErasedResource> {
        super::recall(resource_meta, TextLimit::default())
    }

    #[test]
    fn comes_back_as_a_failed_job() {
        let meta = remember("permanent", "no such table: \"a\"\n\u{1f980}");
        let job = recall(&meta).expect("a job");
        assert_eq!(job.phase, Phase::Failed);
        assert_eq!(job.message, "no such table: \"a\"\n\u{1f980}");
    }

    #[test]
    fn no_other_metadata_is_taken_for_one() {
        for meta in [
            "",
            "{}",
            "{\"job_id\": \"flyte_connector_failed_at_create\"}",
            "{\"flyte_connector_failed_at_create",
            "{\"flyte_connector_failed_at_create\": 1}",
            "{\"flyte_connector_failed_at_create_too\": {\"message\": \"x\"}}",
            "\u{80}",
        ] {
            assert!(recall(meta.as_bytes()).is_none(), "{meta}");
        }
    }
}
