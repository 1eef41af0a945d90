//! A gauge of everything the rules remember, and how much of it was given up for want of room, read when the
//! page is printed.
//! Reading also drops what has run out, so nothing has to sweep in between.

use std::collections::BTreeSet;
use std::fmt;

use connector_gate::Reading;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Error, IntCounterVec, IntGaugeVec, Opts};

use super::MOST_FROM_THE_START;

/// One reading: task type, what is remembered, how much of it.
type Line = (String, &'static str, Reading);

/// The gauge, the counter and where they read.
pub(crate) struct Remembered {
    gauge: IntGaugeVec,
    given_up: IntCounterVec,
    read: Box<dyn Fn() -> Vec<Line> + Send + Sync>,
}

impl Remembered {
    /// Metrics that read there.
    ///
    /// # Errors
    /// An illegal name, which would be a mistake in this file.
    pub(crate) fn new(read: impl Fn() -> Vec<Line> + Send + Sync + 'static) -> Result<Self, Error> {
        let labels = ["task_type", "what"];
        let gauge = Opts::new(
            "flyte_connector_remembered",
            "Records kept in memory between calls, by what they are; each kind is bounded.",
        );
        let given_up = Opts::new(
            "flyte_connector_given_up_records_total",
            "Records given up before their time, as there was no room for more.",
        );
        let gauge = IntGaugeVec::new(gauge, &labels)?;
        let given_up = IntCounterVec::new(given_up, &labels)?;
        Ok(Self { gauge, given_up, read: Box::new(read) })
    }

    /// What was read, as series. Of many task types those are told that have something to tell.
    fn set(&self, lines: &[Line]) {
        let types: BTreeSet<&str> = lines.iter().map(|(task_type, ..)| &**task_type).collect();
        let all = types.len() <= MOST_FROM_THE_START;
        for (task_type, what, Reading { count, given_up }) in lines {
            let labels = [task_type.as_str(), *what];
            if all || *count > 0 {
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                self.gauge.with_label_values(&labels).set(count);
            } else {
                // An error says that there was none.
                self.gauge.remove_label_values(&labels).ok();
            }
            if all || *given_up > 0 {
                let counter = self.given_up.with_label_values(&labels);
                counter.inc_by(given_up.saturating_sub(counter.get()));
            }
        }
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("gauge", &self.gauge).finish_non_exhaustive()
    }
}

impl Collector for Remembered {
    fn desc(&self) -> Vec<&Desc> {
        [self.gauge.desc(), self.given_up.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.set(&(self.read)());
        [self.gauge.collect(), self.given_up.collect()].concat()
    }
}

#[cfg(test)]
mod tests {
    use connector_gate::Reading;
    use prometheus::core::Collector as _;
    use prometheus::proto::MetricFamily;

    use super::Remembered;

    /// What is told of so many task types, of which one has records: 3, and so many were given up.
    fn told(types: usize, given_up: u64) -> Vec<MetricFamily> {
        let of = move |number| {
            let mut reading = Reading::default();
            if number == 1 {
                (reading.count, reading.given_up) = (3, given_up);
            }
            (format!("type_{number}"), "jobs", reading)
        };
        Remembered::new(move || (0..types).map(of).collect()).unwrap().collect()
    }

    /// How many series there are.
    fn series(types: usize, given_up: u64) -> usize {
        told(types, given_up).iter().map(|family| family.get_metric().len()).sum()
    }

    #[test]
    fn of_many_task_types_those_are_told_that_have_records() {
        assert_eq!(
            [(8, 0), (1_000, 0), (1_000, 7)].map(|(types, up)| series(types, up)),
            [16, 1, 2]
        );
    }

    #[test]
    fn how_many_are_there_and_how_many_were_given_up_are_told_apart() {
        let told = told(1_000, 7);
        let [gauge, counter] = &*told else { panic!("{told:?}") };
        let (there, up) = (&gauge.get_metric()[0], &counter.get_metric()[0]);
        assert_eq!((there.get_gauge().get_value(), up.get_counter().get_value()), (3.0, 7.0));
        assert_eq!(counter.name(), "flyte_connector_given_up_records_total");
    }

    #[test]
    fn what_was_given_up_is_counted_once_however_often_it_is_read() {
        let reading = || vec![("t".to_owned(), "jobs", Reading { count: 0, given_up: 7 })];
        let remembered = Remembered::new(reading).unwrap();
        let up = || remembered.collect()[1].get_metric()[0].get_counter().get_value();
        assert_eq!([up(), up()], [7.0, 7.0]);
    }
}
