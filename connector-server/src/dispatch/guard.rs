//! Counts a call exactly once, however it ends: answered, failed, or dropped by its caller.
//! `dispatch` holds one per call; a streaming answer takes it along.

use std::sync::Arc;
use std::time::Instant;

use tonic::Code;

use super::Route;
use crate::failure::{Cause, Failure};
use crate::metrics::CallMetrics;
use crate::operation::Operation;
use crate::status;

/// Counts one call when it ends.
#[derive(Debug)]
pub(crate) struct CallGuard {
    metrics: Arc<CallMetrics>,
    operation: Operation,
    started: Instant,
    counted: bool,
}

impl CallGuard {
    pub(super) fn new(metrics: &Arc<CallMetrics>, operation: Operation) -> Self {
        metrics.begin(operation);
        Self { metrics: Arc::clone(metrics), operation, started: Instant::now(), counted: false }
    }

    /// The call worked out.
    pub(crate) fn succeed(mut self) {
        self.counted = true;
        self.metrics.succeeded(self.operation, self.started.elapsed());
    }

    /// The call failed: counts and logs it.
    pub(crate) fn fail(mut self, operation: Operation, route: Route, cause: Cause) -> Failure {
        let Route { task_type, version, .. } = route;
        let failure = Failure { operation, task_type, version, cause };
        self.count(status::code(&failure));
        status::log(&failure);
        failure
    }

    fn count(&mut self, code: Code) {
        self.counted = true;
        self.metrics.failed(self.operation, code, self.started.elapsed());
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if !self.counted {
            self.count(Code::Cancelled);
        }
    }
}
