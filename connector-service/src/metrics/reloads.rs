//! Whether settings that were read again while the server runs count, and since when.

use std::time::SystemTime;

use prometheus::core::Collector;
use prometheus::{Error, Gauge, IntCounterVec, IntGauge, Opts};

/// The metrics of a server's settings. Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct ReloadMetrics {
    reloads: IntCounterVec,
    succeeded_at: Gauge,
    failed: IntGauge,
    waiting: IntGauge,
}

impl ReloadMetrics {
    /// New ones: what was read at the start counts since now.
    ///
    /// # Errors
    /// An illegal name, which would be a mistake in this file.
    pub(super) fn new() -> Result<Self, Error> {
        let reloads = Opts::new(
            "flyte_connector_reloads_total",
            "How often the file of settings was read again, by whether it could be used.",
        );
        let metrics = Self {
            reloads: IntCounterVec::new(reloads, &["outcome"])?,
            succeeded_at: Gauge::new(
                "flyte_connector_reload_success_timestamp_seconds",
                "When settings were taken last: from the file of settings, or at the start.",
            )?,
            failed: IntGauge::new(
                "flyte_connector_reload_failed",
                "Whether the file of settings could not be used when it was read last: 1, or 0.",
            )?,
            waiting: IntGauge::new(
                "flyte_connector_reload_restart_keys",
                "Keys of the file of settings whose new values count from the next start on.",
            )?,
        };
        for outcome in ["success", "failure"] {
            metrics.reloads.with_label_values(&[outcome]);
        }
        metrics.succeeded_at.set(now());
        Ok(metrics)
    }

    /// The file was used; so many keys wait for a restart.
    pub(crate) fn succeeded(&self, waiting: usize) {
        self.reloads.with_label_values(&["success"]).inc();
        self.succeeded_at.set(now());
        self.failed.set(0);
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// The file could not be used.
    pub(crate) fn failed(&self) {
        self.reloads.with_label_values(&["failure"]).inc();
        self.failed.set(1);
    }

    pub(super) fn register(&self, registry: &prometheus::Registry) -> Result<(), Error> {
        let families: [Box<dyn Collector>; 4] = [
            Box::new(self.reloads.clone()),
            Box::new(self.succeeded_at.clone()),
            Box::new(self.failed.clone()),
            Box::new(self.waiting.clone()),
        ];
        families.into_iter().try_for_each(|family| registry.register(family))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |since| since.as_secs_f64())
}
