//! What comes to the gRPC port before it is a call: connections, and callers that are turned away.

use prometheus::core::Collector;
use prometheus::{Error, IntCounterVec, IntGauge, Opts};

/// The metrics of a server's door. Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct DoorMetrics {
    /// Connections that are there.
    pub(crate) connections: IntGauge,
    refused: IntCounterVec,
    callers: IntCounterVec,
}

impl DoorMetrics {
    /// New ones, at 0.
    ///
    /// # Errors
    /// An illegal name, which would be a mistake in this file.
    pub(crate) fn new() -> Result<Self, Error> {
        let refused = Opts::new(
            "flyte_connector_connections_refused_total",
            "Connections that were not served, by the reason.",
        );
        let callers = Opts::new(
            "flyte_connector_callers_refused_total",
            "Calls that were refused for who made them: without a good token, or under another name.",
        );
        let metrics = Self {
            connections: IntGauge::new(
                "flyte_connector_connections",
                "Connections of the gRPC port that are open.",
            )?,
            refused: IntCounterVec::new(refused, &["reason"])?,
            callers: IntCounterVec::new(callers, &["reason"])?,
        };
        for reason in ["limit", "handshake", "plaintext", "silence", "tls"] {
            metrics.refused.with_label_values(&[reason]);
        }
        for reason in ["token", "name"] {
            metrics.callers.with_label_values(&[reason]);
        }
        Ok(metrics)
    }

    /// A connection is not served.
    pub(crate) fn refused(&self, reason: &str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// How many connections were not served for that reason.
    #[cfg(test)]
    pub(crate) fn refusals(&self, reason: &str) -> u64 {
        self.refused.with_label_values(&[reason]).get()
    }

    /// A call is refused for who made it.
    pub(crate) fn caller_refused(&self, reason: &str) {
        self.callers.with_label_values(&[reason]).inc();
    }

    pub(super) fn register(&self, registry: &prometheus::Registry) -> Result<(), Error> {
        let families: [Box<dyn Collector>; 3] = [
            Box::new(self.connections.clone()),
            Box::new(self.refused.clone()),
            Box::new(self.callers.clone()),
        ];
        families.into_iter().try_for_each(|family| registry.register(family))
    }
}
