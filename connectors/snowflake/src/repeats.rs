//! How a create that another server has seen before is recognised.

use connector_core::prelude::*;

/// What makes one query of two creates of the same attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RepeatedCreates {
    /// The id of the request, which Snowflake knows within a session only. A server that was started anew,
    /// and another replica, has sessions of its own.
    #[default]
    RequestId,
    /// A look into the history of queries for the attempt's tag, before each submission.
    QueryHistory,
}

impl RepeatedCreates {
    /// Reads the operator's setting `repeated_creates`.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: it is neither `request_id` nor `query_history`.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        match settings.get("repeated_creates") {
            None | Some("request_id") => Ok(Self::RequestId),
            Some("query_history") => Ok(Self::QueryHistory),
            Some(other) => Err(ConnectorError::permanent(format!(
                "the setting `repeated_creates` is `request_id` or `query_history`, not {other:?}"
            ))),
        }
    }
}
