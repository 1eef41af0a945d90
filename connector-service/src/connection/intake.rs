//! A request on its way in: it must arrive within its time, and all of them together may hold so many bytes.
//! What it holds counts until its call is answered, for so long its message is there.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::codegen::Bytes;

use super::remainder::{self, Request, Rest};
use crate::limits::LiveLimits;
use crate::unpacked::{Room, Within};

/// Requests up to this size are not counted: those of polls are far smaller, and there are many of them.
const SMALL: usize = 64 * 1024;

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

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Room for Budget {
    /// Of a message that came packed, whose bytes on the way count for themselves: there they are few.
    fn take(&self, bytes: usize) -> Result<(), Status> {
        if let Some(left) = LEFT.get().filter(|_| bytes > SMALL) {
            self.take(bytes, bytes)?;
            LEFT.set(Some(left + bytes));
        }
        Ok(())
    }
}

thread_local! {
    /// What requests have left to the call that is worked on at this moment on this thread, if one is.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
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
            if let Some(rest) = rest.filter(|_| LEFT.get().is_some()) {
                remainder::leave(rest);
            }
            if *this.counted == 0 {
                return;
            }
            // Its bytes have become a message of the call that is worked on; otherwise nothing of it is left.
            match LEFT.get() {
                Some(left) => LEFT.set(Some(left + *this.counted)),
                None => this.budget.give_back(*this.counted),
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

/// A call under way, with what its request holds.
pub(super) struct Holding<F: Future> {
    call: F,
    budget: Arc<Budget>,
    held: usize,
    /// Whether its messages come packed.
    is_packed: bool,
    /// What the call has left unread of its request, and the answer that waits for it.
    rest: Option<Rest>,
    answer: Option<Box<F::Output>>,
}

impl<F: Future> Holding<F> {
    pub(super) fn new(call: F, budget: &Arc<Budget>, is_packed: bool) -> Self {
        Self { call, budget: Arc::clone(budget), held: 0, is_packed, rest: None, answer: None }
    }
}

impl<F: Future + Unpin> Future for Holding<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if this.answer.is_none() {
            // Of a call that panicked.
            drop(remainder::left());
            let working = Working::on(&mut this.held);
            let packed = this.is_packed.then(|| Within::room(Arc::<Budget>::clone(&this.budget)));
            let polled = Pin::new(&mut this.call).poll(cx);
            drop((packed, working));
            this.rest = remainder::left().or(this.rest.take());
            match polled {
                Poll::Ready(answer) if this.rest.is_some() => this.answer = Some(Box::new(answer)),
                polled => return polled,
            }
        }
        if let Some(rest) = &mut this.rest {
            ready!(rest.as_mut().poll(cx));
            this.rest = None;
        }
        this.answer.take().map_or(Poll::Pending, |answer| Poll::Ready(*answer))
    }
}

impl<F: Future> Drop for Holding<F> {
    fn drop(&mut self) {
        if self.held > 0 {
            self.budget.give_back(self.held);
        }
    }
}

/// While it lives, requests that end on this thread leave their bytes to one call.
struct Working<'a> {
    held: &'a mut usize,
    before: Option<usize>,
}

impl<'a> Working<'a> {
    fn on(held: &'a mut usize) -> Self {
        let before = LEFT.replace(Some(*held));
        Self { held, before }
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        *self.held = LEFT.replace(self.before).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::Poll;
    use std::time::Duration;

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use http_body::Frame;
    use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
    use tokio::sync::mpsc;
    use tokio::time::{Instant, advance};
    use tonic::codegen::Bytes;
    use tonic::{Code, Status};

    use super::{Budget, Holding, Intake, LiveLimits, SMALL, remainder};
    use crate::{Limits, unpacked};

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(most: usize) -> Arc<Budget> {
        let limits = Limits { max_inflight_bytes: most, request: SECOND, ..Limits::default() };
        Arc::new(Budget::new(LiveLimits::new(limits)))
    }

    fn body(bytes: usize) -> Full<Bytes> {
        Full::new(vec![0; bytes].into())
    }

    #[tokio::test]
    async fn large_requests_count_until_their_calls_are_answered() {
        let budget = budget(5 * SMALL);
        let read = |bytes| {
            let budget = Arc::clone(&budget);
            let request = Intake::new(body(bytes), &budget, false);
            async move {
                let message = request.collect().await.map(|it| it.to_bytes());
                // The call goes on with its message.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                message.map(|message| message.len())
            }
            .boxed()
        };
        let mut first = Holding::new(read(3 * SMALL), &budget, false);
        assert!((&mut first).now_or_never().is_none());
        assert_eq!(budget.used(), 3 * SMALL, "the request has ended, its call has not");
        let refused = Holding::new(read(3 * SMALL), &budget, false).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(refused.message().contains("try again"), "{refused}");
        // To one that alone is too much another try would not help.
        let refused = Holding::new(read(6 * SMALL), &budget, false).await.unwrap_err();
        assert!(refused.message().contains("raise `--max-inflight-bytes`"), "{refused}");
        // Small ones are not counted, and one that fits is taken.
        assert_eq!(Holding::new(read(SMALL), &budget, false).await.unwrap(), SMALL);
        assert_eq!(Holding::new(read(2 * SMALL), &budget, false).await.unwrap(), 2 * SMALL);
        assert_eq!(budget.used(), 3 * SMALL);
        assert_eq!((&mut first).await.unwrap(), 3 * SMALL);
        drop(first);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn what_came_packed_counts_unpacked() {
        let budget = budget(5 * SMALL);
        let unpack = |bytes| {
            async move {
                unpacked::take(bytes)?;
                tokio::task::yield_now().await;
                unpacked::take(SMALL)
            }
            .boxed()
        };
        let mut first = Holding::new(unpack(3 * SMALL), &budget, true);
        assert!((&mut first).now_or_never().is_none());
        assert_eq!(budget.used(), 3 * SMALL);
        let refused = Holding::new(unpack(3 * SMALL), &budget, true).await.unwrap_err();
        assert!(refused.message().contains("try again"), "{refused}");
        Holding::new(unpack(3 * SMALL), &budget, false).await.expect("its bytes have counted");
        (&mut first).await.unwrap();
        drop(first);
        assert_eq!(budget.used(), 0);
        unpacked::take(6 * SMALL).expect("beside every call");
    }

    #[tokio::test]
    async fn what_is_given_up_is_given_back() {
        let budget = budget(5 * SMALL);
        let mut request = Box::pin(Intake::new(body(2 * SMALL), &budget, false));
        request.frame().await.unwrap().unwrap();
        assert_eq!(budget.used(), 2 * SMALL);
        let never = async move {
            request.frame().await;
            std::future::pending::<()>().await;
        };
        let mut call = Holding::new(never.boxed(), &budget, false);
        assert!((&mut call).now_or_never().is_none());
        drop(call);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn the_answer_to_a_refused_request_waits_until_all_of_it_has_come() {
        let budget = budget(SMALL);
        let (sender, coming) = mpsc::unbounded_channel::<Result<Frame<Bytes>, Status>>();
        let coming =
            stream::unfold(coming, async |mut coming| Some((coming.recv().await?, coming)));
        let request = Intake::new(StreamBody::new(coming.boxed()), &budget, false);
        let refuse = async move {
            drop(request);
            "no"
        };
        let mut call = Holding::new(refuse.boxed(), &budget, false);
        assert!((&mut call).now_or_never().is_none());
        sender.send(Ok(Frame::data(Bytes::from_static(b"late")))).unwrap();
        assert!((&mut call).now_or_never().is_none());
        drop(sender);
        assert_eq!((&mut call).await, "no");
        // A request that ends beside every call is nobody's.
        let silent = stream::pending::<Result<Frame<Bytes>, Status>>();
        drop(Intake::new(StreamBody::new(silent), &budget, false));
        assert!(remainder::left().is_none());
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
