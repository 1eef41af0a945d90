//! What the executor remembers of the polls of one attempt.
//! The poll loop of `attempt` feeds it and its look loop reads it; time is not its business.

use connector_service::pb;
use tonic::Status;

use super::look::is_terminal;

/// The last good answer, and how many polls have failed.
#[derive(Debug, Default)]
pub(crate) struct CacheItem {
    answer: Option<pb::GetTaskResponse>,
    // Never set back: a good answer in between changes nothing.
    failures: u32,
    last_failure: Option<Status>,
    stopped: bool,
}

/// What a look finds.
#[derive(Debug)]
pub(crate) enum Cached<'a> {
    /// No poll has been answered yet.
    Nothing,
    /// The last good answer.
    Answer(&'a pb::GetTaskResponse),
    /// Too many polls failed, and none ever worked.
    NeverAnswered(&'a Status),
    /// Too many polls failed; that answer is the last there will ever be.
    Stale(&'a pb::GetTaskResponse, &'a Status),
}

impl CacheItem {
    /// What is left after a restart: the failures are stored with the task, the answer is not.
    pub(crate) fn restarted(self) -> Self {
        Self { answer: None, ..self }
    }

    /// Whether too many polls have failed already.
    pub(crate) const fn has_stopped(&self) -> bool {
        self.stopped
    }

    /// Takes the outcome of one poll; says whether polling goes on.
    pub(crate) fn take(
        &mut self,
        outcome: Result<pb::GetTaskResponse, Status>,
        max_failures: u32,
    ) -> bool {
        match outcome {
            Ok(answer) => {
                let ends = is_terminal(&answer);
                self.answer = Some(answer);
                !ends
            }
            Err(failure) => {
                self.failures += 1;
                self.last_failure = Some(failure);
                self.stopped = self.failures > max_failures;
                !self.stopped
            }
        }
    }

    pub(crate) const fn look(&self) -> Cached<'_> {
        match (&self.answer, &self.last_failure) {
            (None, Some(failure)) if self.stopped => Cached::NeverAnswered(failure),
            (Some(answer), Some(failure)) if self.stopped => Cached::Stale(answer, failure),
            (None, _) => Cached::Nothing,
            (Some(answer), _) => Cached::Answer(answer),
        }
    }

    /// The last phase seen, as a number of the wire.
    pub(crate) fn phase(&self) -> Option<i32> {
        self.answer.as_ref().and_then(|answer| answer.resource.as_ref()).map(|found| found.phase)
    }
}

#[cfg(test)]
mod tests {
    use connector_service::pb;
    use tonic::Status;

    use super::{CacheItem, Cached};

    fn running() -> Result<pb::GetTaskResponse, Status> {
        let resource = pb::Resource { phase: 2, ..Default::default() };
        Ok(pb::GetTaskResponse { resource: Some(resource) })
    }

    #[test]
    fn the_sixth_failure_is_the_last_whatever_came_between() {
        let mut item = CacheItem::default();
        for _ in 0..5 {
            assert!(item.take(Err(Status::internal("503")), 5));
            assert!(item.take(running(), 5));
        }
        assert!(matches!(item.look(), Cached::Answer(_)));
        assert!(!item.take(Err(Status::internal("503")), 5));
        assert!(matches!(item.look(), Cached::Stale(_, failure) if failure.message() == "503"));
    }

    #[test]
    fn a_restart_keeps_the_failures_and_forgets_the_answer() {
        let mut item = CacheItem::default();
        assert!(item.take(running(), 5));
        for _ in 0..6 {
            item.take(Err(Status::internal("503")), 5);
        }
        let item = item.restarted();
        assert!(item.has_stopped());
        assert!(matches!(item.look(), Cached::NeverAnswered(_)));
    }

    #[test]
    fn a_job_never_seen_is_told_apart() {
        let mut item = CacheItem::default();
        assert!(matches!(item.look(), Cached::Nothing));
        for n in 1..=6 {
            assert_eq!(item.take(Err(Status::internal("503")), 5), n < 6);
        }
        assert!(matches!(item.look(), Cached::NeverAnswered(_)));
    }
}
