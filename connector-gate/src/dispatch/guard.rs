//! Tells the end of a call exactly once, however it comes: answered, failed, or dropped by its caller.
//! `dispatch` holds one per call; a service takes it along where its own work can still fail.

use std::sync::Arc;

use tokio::time::Instant;

use super::Route;
use crate::failure::{Cause, Failure};
use crate::observer::Observer;
use crate::operation::Operation;

/// A call under way. Dropped before its end is told, it counts as left by its caller.
#[derive(Debug)]
pub struct CallGuard {
    observer: Arc<dyn Observer>,
    operation: Operation,
    route: Route,
    started: Instant,
    told: bool,
}

impl CallGuard {
    pub(super) fn new(
        observer: &Arc<dyn Observer>,
        operation: Operation,
        route: Route,
        started: Instant,
    ) -> Self {
        observer.begun(operation);
        let observer = Arc::clone(observer);
        Self { observer, operation, route, started, told: false }
    }

    /// The call worked out.
    pub fn succeed(mut self) {
        self.told = true;
        self.observer.succeeded(self.operation, self.started.elapsed());
    }

    /// The call failed.
    #[must_use]
    pub fn fail(mut self, cause: Cause) -> Failure {
        self.told = true;
        let task_type = std::mem::take(&mut self.route.task_type);
        let (operation, version) = (self.operation, self.route.version);
        let failure = Failure { operation, task_type, version, cause };
        self.observer.failed(&failure, self.started.elapsed());
        failure
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if !self.told {
            self.observer.left(self.operation, self.started.elapsed());
        }
    }
}
