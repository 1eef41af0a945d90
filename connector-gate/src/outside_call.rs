//! How a call to a connector ended, as far as sight needs it: how long it took, and by which word it failed.
//! `site` and `create` measure with it; what an end means to a caller is decided elsewhere.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use connector_core::host::CallError;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::isolation::Interrupted;
use crate::observer::Observer;
use crate::operation::Operation;

/// A call to a connector under way.
#[derive(Debug)]
pub(crate) struct OutsideCall {
    operation: Operation,
    began: Instant,
}

impl OutsideCall {
    /// It begins now, and counts.
    pub(crate) fn begin(operation: Operation, observer: &dyn Observer) -> Self {
        observer.outside_call(operation);
        Self { operation, began: Instant::now() }
    }

    /// It ended, with this.
    fn end<T: Answered>(&self, answer: &Result<T, Interrupted>, observer: &dyn Observer) {
        let error = match answer {
            Ok(answer) => answer.error(),
            Err(Interrupted::Panicked(_)) => Some("panic"),
            Err(Interrupted::OutOfTime) => Some("timeout"),
            // It has not been made.
            Err(Interrupted::Busy | Interrupted::Ending) => return,
        };
        observer.outside_ended(self.operation, self.began.elapsed(), error);
    }

    /// It ended with a word for what went wrong, or well.
    pub(crate) fn end_with(self, error: Option<&'static str>, observer: &dyn Observer) {
        observer.outside_ended(self.operation, self.began.elapsed(), error);
    }
}

pin_project! {
    /// A call that tells its end. An async block would hold what it waits for twice.
    pub(crate) struct Outside<'a, F> {
        call: OutsideCall,
        observer: &'a dyn Observer,
        #[pin]
        answer: F,
    }
}

impl<'a, F> Outside<'a, F> {
    pub(crate) const fn new(call: OutsideCall, observer: &'a dyn Observer, answer: F) -> Self {
        Self { call, observer, answer }
    }
}

impl<T: Answered, F: Future<Output = Result<T, Interrupted>>> Future for Outside<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(cx));
        this.call.end(&answer, *this.observer);
        Poll::Ready(answer)
    }
}

/// An answer of a connector, which may be an error.
pub(crate) trait Answered {
    /// The word for what went wrong. What concerns metadata alone is no error of an outside system.
    fn error(&self) -> Option<&'static str>;
}

impl<T> Answered for Result<T, CallError> {
    fn error(&self) -> Option<&'static str> {
        match self {
            Err(CallError::Connector(error)) => Some(error.kind().as_str()),
            Ok(_) | Err(CallError::Meta(_)) => None,
        }
    }
}

/// Of several jobs: the call failed where each of them did.
impl<T> Answered for Vec<Result<T, CallError>> {
    fn error(&self) -> Option<&'static str> {
        let mut errors = self.iter().map(Answered::error);
        let first = errors.next()??;
        errors.all(|error| error.is_some()).then_some(first)
    }
}
