//! A request on its way in: it must arrive within its time, and all of them together may hold so many bytes.
//! What it holds counts until its call is over (`holding`), for so long its message is there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::codegen::Bytes;

use super::remainder::{self, Request};
use crate::held;
use crate::limits::LiveLimits;
use crate::unpacked::Room;

/// Requests up to this size are not counted: those of polls are far smaller, and there are many of them.
pub(super) const SMALL: usize = 64 * 1024;

/// What all requests of a server may hold, and how long each may take to arrive.
#[derive(Debug)]
pub(super) struct Budget {
    limits: LiveLimits,
    used: AtomicUsize,
}

impl Budget {
    pub(super) const fn new(limits: LiveLimits) -> Self {
        Self { limits, used: AtomicUsize::new(0) }
    }

    /// Takes room for what has come of a request since it was last counted; `come` is all of it.
    fn take(&self, bytes: usize, come: usize) -> Result<(), Status> {
        let most = self.limits.now().max_inflight_bytes;
        let used = self.used.fetch_add(bytes, Ordering::Relaxed);
        if used.saturating_add(bytes) <= most {
            return Ok(());
        }
        self.give_back(bytes);
        // Alone it is too large: another try would end here, too.
        if come > most {
            return Err(Status::resource_exhausted(format!(
                "this request is larger than what all requests together may hold, {most} bytes; pass \
                 large values by reference, or raise `--max-inflight-bytes`"
            )));
        }
        Err(Status::resource_exhausted(format!(
            "requests under way hold {used} bytes, and all of them together may hold {most} \
             (`--max-inflight-bytes`); try again"
        )))
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Room for Budget {
    /// Of a message that came packed, whose bytes on the way count for themselves: there they are few.
    fn take(&self, bytes: usize) -> Result<(), Status> {
        if bytes > SMALL && held::is_working() {
            self.take(bytes, bytes)?;
            held::leave(bytes);
        }
        Ok(())
    }
}

pin_project! {
    /// The body of a request. What a call leaves of it unread is read before its answer; see `remainder`.
    pub(super) struct Intake<B: Request> {
        // Until it has ended, or no more of it is wanted.
        body: Option<B>,
        budget: Arc<Budget>,
        // Bytes that have come.
        come: usize,
        // Bytes of those that are counted.
        counted: usize,
        // Whether it may take its time, as a conversation does.
        is_open: bool,
        // In place, as many requests come in two parts: one more piece of memory for each would be seen.
        #[pin]
        over: Option<Sleep>,
    }

    impl<B: Request> PinnedDrop for Intake<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let rest = this.body.take().filter(|body| !body.is_end_stream());
            if let Some(rest) = rest.filter(|_| held::is_working()) {
                remainder::leave(rest);
            }
            if *this.counted == 0 {
                return;
            }
            // Its bytes have become a message of the call that is worked on; otherwise nothing of it is left.
            if !held::leave(*this.counted) {
                this.budget.give_back(*this.counted);
            }
        }
    }
}

impl<B: Request> Intake<B> {
    pub(super) fn new(body: B, budget: &Arc<Budget>, is_open: bool) -> Self {
        let budget = Arc::clone(budget);
        Self { body: Some(body), budget, come: 0, counted: 0, is_open, over: None }
    }
}

impl<B: Request> Body for Intake<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut() else { return Poll::Ready(None) };
        let frame = match Pin::new(body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => {
                *this.body = None;
                return Poll::Ready(Some(Err(Status::from_error(error.into()))));
            }
            Poll::Ready(None) => {
                *this.body = None;
                return Poll::Ready(None);
            }
            Poll::Pending if *this.is_open => return Poll::Pending,
            Poll::Pending => {
                let time = this.budget.limits.now().request;
                if this.over.is_none() {
                    this.over.set(Some(sleep(time)));
                }
                let over = this.over.as_pin_mut().map_or(Poll::Pending, |over| over.poll(cx));
                return over.map(|()| {
                    *this.body = None;
                    Some(Err(Status::deadline_exceeded(format!(
                        "the request did not arrive within {time:?} (`--request-seconds`)"
                    ))))
                });
            }
        };
        *this.come += frame.data_ref().map_or(0, Bytes::len);
        if *this.come > SMALL {
            let more = *this.come - *this.counted;
            if let Err(refused) = this.budget.take(more, *this.come) {
                *this.body = None;
                return Poll::Ready(Some(Err(refused)));
            }
            *this.counted = *this.come;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::Poll;
    use std::time::Duration;

    use futures_util::{FutureExt as _, stream};
    use http_body_util::{BodyExt as _, Empty, StreamBody};
    use tokio::time::{Instant, advance};
    use tonic::codegen::Bytes;
    use tonic::{Code, Status};

    use super::{Budget, Intake, LiveLimits, SMALL};
    use crate::Limits;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(most: usize) -> Arc<Budget> {
        let limits = Limits { max_inflight_bytes: most, request: SECOND, ..Limits::default() };
        Arc::new(Budget::new(LiveLimits::new(limits)))
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_request_is_refused_once_its_time_is_over() {
        let budget = budget(SMALL);
        let silent = || StreamBody::new(stream::pending::<Result<_, Status>>());
        let mut request = Box::pin(Intake::new(silent(), &budget, false));
        let begun = Instant::now();
        let refused = request.frame().await.unwrap().unwrap_err();
        assert_eq!((refused.code(), begun.elapsed()), (Code::DeadlineExceeded, SECOND));
        // A conversation takes as long as it does.
        let mut open = Box::pin(Intake::<StreamBody<_>>::new(silent(), &budget, true));
        let mut frame = pin!(open.frame());
        assert!(poll_fn(|cx| Poll::Ready(frame.poll_unpin(cx).is_pending())).await);
        advance(60 * SECOND).await;
        assert!(poll_fn(|cx| Poll::Ready(frame.poll_unpin(cx).is_pending())).await);
        let mut nothing = Box::pin(Intake::new(Empty::<Bytes>::new(), &budget, false));
        assert!(nothing.frame().await.is_none());
    }
}
