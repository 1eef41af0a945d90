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

/// The middle and the far end of many durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Half take no longer.
    pub median: Duration,
    /// 99 of 100 take no longer.
    pub p99: Duration,
    /// None takes longer.
    pub max: Duration,
}

impl Tail {
    /// The tail of these durations; `None` if there are none.
    #[must_use]
    pub fn of(mut durations: Vec<Duration>) -> Option<Self> {
        durations.sort_unstable();
        // The least of which at least so many of a hundred take no longer.
        let rank = |percent: usize| (durations.len() * percent).div_ceil(100).saturating_sub(1);
        Some(Self {
            median: *durations.get(rank(50))?,
            p99: *durations.get(rank(99))?,
            max: *durations.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Spread, Tail};

    fn spread(millis: &[u64]) -> Option<(u128, u128, u128)> {
        let durations = millis.iter().copied().map(Duration::from_millis).collect();
        let Spread { min, median, max } = Spread::of(durations)?;
        Some((min.as_millis(), median.as_millis(), max.as_millis()))
    }

    #[test]
    fn one_of_a_hundred_may_be_longer() {
        let tail = |count: u64| {
            let Tail { median, p99, max } =
                Tail::of((1..=count).rev().map(Duration::from_millis).collect())?;
            Some((median.as_millis(), p99.as_millis(), max.as_millis()))
        };
        assert_eq!(tail(0), None);
        assert_eq!(tail(1), Some((1, 1, 1)));
        assert_eq!(tail(100), Some((50, 99, 100)));
        assert_eq!(tail(1_000), Some((500, 990, 1_000)));
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[7]), Some((7, 7, 7)));
        assert_eq!(spread(&[9, 1, 2]), Some((1, 2, 9)));
        assert_eq!(spread(&[10, 1, 4, 2]), Some((1, 3, 10)));
    }
}
