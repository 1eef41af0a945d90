//! A gauge of everything the rules remember, read when the page is printed.
//! Reading also drops what has run out, so nothing has to sweep in between.

use std::collections::BTreeSet;
use std::fmt;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Error, IntGaugeVec, Opts};

use super::MOST_FROM_THE_START;

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
        let readings = (self.read)();
        let types: BTreeSet<&str> = readings.iter().map(|(task_type, ..)| &**task_type).collect();
        let all = types.len() <= MOST_FROM_THE_START;
        for (task_type, what, count) in &readings {
            let labels = [task_type.as_str(), *what];
            if all || *count > 0 {
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                self.gauge.with_label_values(&labels).set(count);
            } else {
                // An error says that there was none.
                self.gauge.remove_label_values(&labels).ok();
            }
        }
        self.gauge.collect()
    }
}

#[cfg(test)]
mod tests {
    use prometheus::core::Collector as _;

    use super::Remembered;

    /// How many series there are of so many task types, of which one has a record.
    fn series(types: usize) -> usize {
        let of = move |number| (format!("type_{number}"), "jobs", usize::from(number == 1));
        let remembered = Remembered::new(move || (0..types).map(of).collect()).unwrap();
        let families = remembered.collect();
        families.iter().map(|family| family.get_metric().len()).sum()
    }

    #[test]
    fn of_many_task_types_those_are_told_that_have_records() {
        assert_eq!((series(8), series(1_000)), (8, 1));
    }
}
