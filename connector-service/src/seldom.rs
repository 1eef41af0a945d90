//! Lines of the log that anybody on the network can bring about: the first at once, and then no more than
//! one a minute, which says how many there were.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const EVERY: Duration = Duration::from_secs(60);

/// One kind of line.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    untold: u64,
}

impl Seldom {
    /// Has the line written, if it is time; it is given how many were left out before.
    pub(crate) fn tell(&self, line: impl FnOnce(u64)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.told.is_some_and(|told| told.elapsed() < EVERY) {
            state.untold += 1;
            return;
        }
        state.told = Some(Instant::now());
        let untold = std::mem::take(&mut state.untold);
        drop(state);
        line(untold);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::{EVERY, Seldom};

    #[tokio::test(start_paused = true)]
    async fn one_a_minute_is_told_with_the_number_of_the_others() {
        let seldom = Seldom::default();
        let mut told = Vec::new();
        for _ in 0..5 {
            seldom.tell(|untold| told.push(untold));
        }
        advance(EVERY).await;
        for _ in 0..3 {
            seldom.tell(|untold| told.push(untold));
        }
        advance(EVERY).await;
        seldom.tell(|untold| told.push(untold));
        assert_eq!(told, [0, 4, 2]);
    }
}
