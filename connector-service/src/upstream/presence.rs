//! Whether another service is there, as its answers tell: one that is busy is not away.
//! `mod` looks again and again, and shows what is known here as health and as a metric.

use std::time::Duration;

use tokio::time::Instant;

use super::source::Unlisted;

/// How long a service may be too busy to say what it serves. A worker is replaced earlier, and a connection
/// on which nobody answers is closed earlier.
const BUSY_AT_MOST: Duration = Duration::from_secs(90);

/// What is known of one service.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// When it last said what it serves, unless it has gone since.
    answered: Option<Instant>,
    is_busy: bool,
    was_told: bool,
}

/// What a look has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It has come.
    Serves,
    /// It has gone, or was not there when it was looked at first.
    IsAway,
    /// It is there, and did not find the time to answer.
    IsBusy,
}

impl Presence {
    /// One that said what it serves before it was watched, or did not.
    pub(super) fn new(answered: Option<Instant>) -> Self {
        Self { answered, ..Self::default() }
    }

    /// Takes a look at it into account. What the first one shows is a change, too.
    pub(super) fn seen<L>(&mut self, look: &Result<L, Unlisted>, now: Instant) -> Option<Change> {
        let is_first = !std::mem::replace(&mut self.was_told, true);
        let was_there = self.is_there();
        let was_busy = std::mem::take(&mut self.is_busy);
        match look {
            Ok(_) => self.answered = Some(now),
            Err(Unlisted::Away(_)) => self.answered = None,
            Err(Unlisted::Busy(_)) => {
                self.answered.take_if(|answered| now.duration_since(*answered) >= BUSY_AT_MOST);
                self.is_busy = self.is_there();
            }
        }
        match (self.is_there(), self.is_busy) {
            (true, true) => (!was_busy).then_some(Change::IsBusy),
            (true, false) => (is_first || !was_there).then_some(Change::Serves),
            (false, _) => (is_first || was_there).then_some(Change::IsAway),
        }
    }

    pub(super) const fn is_there(&self) -> bool {
        self.answered.is_some()
    }

    /// Whether it answered the last look.
    pub(super) const fn answers(&self) -> bool {
        self.is_there() && !self.is_busy
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{BUSY_AT_MOST, Change, Presence, Unlisted};

    const SECOND: Duration = Duration::from_secs(1);

    fn busy() -> Result<(), Unlisted> {
        Err(Unlisted::Busy("it is busy".to_owned()))
    }

    fn away() -> Result<(), Unlisted> {
        Err(Unlisted::Away("it is away".to_owned()))
    }

    #[test]
    fn being_busy_is_not_being_away_for_a_while() {
        let (mut service, start) = (Presence::default(), Instant::now());
        assert_eq!(service.seen(&Ok(()), start), Some(Change::Serves));
        let mut look = |look, after| (service.seen(&look, start + after), service.is_there());
        assert_eq!(look(busy(), SECOND), (Some(Change::IsBusy), true));
        assert_eq!(look(busy(), 2 * SECOND), (None, true), "it is told once");
        assert_eq!(look(Ok(()), 3 * SECOND), (None, true));
        assert_eq!(look(busy(), BUSY_AT_MOST + 2 * SECOND), (Some(Change::IsBusy), true));
        assert_eq!(look(busy(), BUSY_AT_MOST + 3 * SECOND), (Some(Change::IsAway), false));
        assert_eq!(look(busy(), BUSY_AT_MOST + 4 * SECOND), (None, false), "busy for too long");
        assert_eq!(look(Ok(()), BUSY_AT_MOST + 5 * SECOND), (Some(Change::Serves), true));
        assert_eq!(look(away(), BUSY_AT_MOST + 6 * SECOND), (Some(Change::IsAway), false));
    }

    #[test]
    fn one_that_was_never_there_is_away_however_busy() {
        let mut before = Presence::new(Some(Instant::now()));
        assert_eq!(before.seen(&busy(), Instant::now()), Some(Change::IsBusy));
        let (mut service, start) = (Presence::default(), Instant::now());
        assert_eq!(service.seen(&busy(), start), Some(Change::IsAway));
        assert!(!service.is_there() && !service.answers());
        assert_eq!(service.seen(&away(), start), None);
        assert_eq!(service.seen(&Ok(()), start), Some(Change::Serves));
    }
}
