//! Figures from many runs of one thing.
//! The measuring programs collect them and print them.
//! Medians are what promises are about: they ignore the one run that the machine disturbed.

use std::time::Duration;

/// The least, the middle and the greatest of some durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The least.
    pub min: Duration,
    /// The middle; of an even number, the mean of both in the middle.
    pub median: Duration,
    /// The greatest.
    pub max: Duration,
}

impl Spread {
    /// The spread of these durations; `None` if there are none.
    #[must_use]
    pub fn of(mut durations: Vec<Duration>) -> Option<Self> {
        durations.sort_unstable();
        let middle = durations.len() / 2;
        let upper = *durations.get(middle)?;
        let lower =
            if durations.len().is_multiple_of(2) { *durations.get(middle - 1)? } else { upper };
        Some(Self {
            min: *durations.first()?,
            median: (lower + upper) / 2,
            max: *durations.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Spread;

    fn spread(millis: &[u64]) -> Option<(u128, u128, u128)> {
        let durations = millis.iter().copied().map(Duration::from_millis).collect();
        let Spread { min, median, max } = Spread::of(durations)?;
        Some((min.as_millis(), median.as_millis(), max.as_millis()))
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[7]), Some((7, 7, 7)));
        assert_eq!(spread(&[9, 1, 2]), Some((1, 2, 9)));
        assert_eq!(spread(&[10, 1, 4, 2]), Some((1, 3, 10)));
    }
}
