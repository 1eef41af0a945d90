//! What is asked of a connector.
//! Dispatch, metrics, errors and the services all speak of them by these names.

/// What is asked of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Start a job.
    Create,
    /// Ask where it stands.
    Get,
    /// Cancel it.
    Delete,
    /// Read its measurements.
    GetMetrics,
    /// Read its log.
    GetLogs,
    /// Run a task that is done within the call.
    Run,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Get, Self::Delete, Self::GetMetrics, Self::GetLogs, Self::Run];

    /// The name in metrics and error texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::Delete => "delete",
            Self::GetMetrics => "get_metrics",
            Self::GetLogs => "get_logs",
            Self::Run => "do",
        }
    }
}
