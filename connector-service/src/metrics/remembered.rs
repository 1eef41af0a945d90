//! A gauge of everything the rules remember, read when the page is printed.
//! Reading also drops what has run out, so nothing has to sweep in between.

use std::fmt;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Error, IntGaugeVec, Opts};

/// One reading: task type, what is remembered, how many.
type Reading = (String, &'static str, usize);

/// The gauge and where it reads.
pub(crate) struct Remembered {
    gauge: IntGaugeVec,
    read: Box<dyn Fn() -> Vec<Reading> + Send + Sync>,
}

impl Remembered {
    /// A gauge that reads there.
    ///
    /// # Errors
    /// An illegal name, which would be a mistake in this file.
    pub(crate) fn new(
        read: impl Fn() -> Vec<Reading> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let gauge = IntGaugeVec::new(
            Opts::new(
                "flyte_connector_remembered",
                "Records kept in memory between calls, by what they are; each kind is bounded.",
            ),
            &["task_type", "what"],
        )?;
        Ok(Self { gauge, read: Box::new(read) })
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("gauge", &self.gauge).finish_non_exhaustive()
    }
}

impl Collector for Remembered {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for (task_type, what, count) in (self.read)() {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.gauge.with_label_values(&[task_type.as_str(), what]).set(count);
        }
        self.gauge.collect()
    }
}
