//! A call with what its request holds: that counts until the call is answered, or for longer where work goes on
//! without it (`held`).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::intake::Budget;
use super::remainder::{self, Rest};
use crate::held::Working;
use crate::unpacked::Within;

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
            drop(packed);
            if let Some(lasting) = working.end() {
                lasting.take_over(Box::new(Share::of(this)));
            }
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
            drop(Share::of(self));
        }
    }
}

/// What a request holds, until it is dropped.
struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    /// All that a call holds by now.
    fn of<F: Future>(call: &mut Holding<F>) -> Self {
        Self { budget: Arc::clone(&call.budget), bytes: std::mem::take(&mut call.held) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;
    use std::sync::Arc;

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use http_body::Frame;
    use http_body_util::{BodyExt as _, Full, StreamBody};
    use tokio::sync::mpsc;
    use tonic::codegen::Bytes;
    use tonic::{Code, Status};

    use super::super::intake::{Intake, SMALL};
    use super::{Budget, Holding, remainder};
    use crate::limits::LiveLimits;
    use crate::{Limits, held, unpacked};

    fn budget(most: usize) -> Arc<Budget> {
        let limits = Limits { max_inflight_bytes: most, ..Limits::default() };
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

    #[tokio::test]
    async fn a_call_that_panics_gives_back_what_it_held() {
        let budget = budget(5 * SMALL);
        let request = Intake::new(body(3 * SMALL), &budget, false);
        let panics = async move {
            request.collect().await.expect("a request");
            assert!(held::lasting().is_none(), "it is counted");
        };
        let call = AssertUnwindSafe(Holding::new(panics.boxed(), &budget, false));
        assert!(call.catch_unwind().await.is_err());
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn what_outlives_its_call_counts_until_it_is_over() {
        let budget = budget(5 * SMALL);
        let goes_on = |bytes| {
            let request = Intake::new(body(bytes), &budget, false);
            async move {
                request.collect().await?;
                tokio::task::yield_now().await;
                Ok::<_, Status>(held::lasting())
            }
            .boxed()
        };
        let lasting = Holding::new(goes_on(3 * SMALL), &budget, false).await.unwrap();
        assert_eq!(budget.used(), 3 * SMALL, "the call is over, its work is not");
        let refused = Holding::new(goes_on(3 * SMALL), &budget, false).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(Holding::new(goes_on(SMALL), &budget, false).await.unwrap().is_none());
        drop(lasting);
        assert_eq!(budget.used(), 0);
        assert!(held::lasting().is_none(), "beside every call");
    }
}
