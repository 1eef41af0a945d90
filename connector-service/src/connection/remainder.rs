//! What a call has left of its request unread, because it was refused before: the answer waits until that has
//! come, too. Sent earlier, it would be followed by a reset, and clients that still send (curl 7.88, on any slow
//! link or machine) tell their user of a stream error in place of the answer.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use tonic::codegen::{Bytes, StdError};

/// The most that is read; a caller that sends more to be refused is reset.
const MOST: usize = 4 * 1024 * 1024;
/// The longest that an answer waits for it.
const FOR: Duration = Duration::from_secs(5);

/// The body of a request.
pub(super) trait Request:
    Body<Data = Bytes, Error: Into<StdError> + Send> + Send + Unpin + 'static
{
}

impl<B> Request for B where
    B: Body<Data = Bytes, Error: Into<StdError> + Send> + Send + Unpin + 'static
{
}

/// Ends once a request has come to its end, or enough of it has been waited for.
pub(super) type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    /// What the call that is worked on at this moment on this thread has left.
    static LEFT: Cell<Option<Rest>> = const { Cell::new(None) };
}

/// Leaves a request before its end.
pub(super) fn leave(body: impl Request) {
    LEFT.set(Some(Box::pin(async {
        // Whether it has come or not, the answer goes.
        drop(timeout(FOR, to_its_end(body)).await);
    })));
}

/// What has been left since this was asked last.
pub(super) fn left() -> Option<Rest> {
    LEFT.take()
}

async fn to_its_end(body: impl Request) {
    let mut body = pin!(body);
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use tokio::sync::mpsc;
    use tokio::time::Instant;
    use tonic::Status;
    use tonic::codegen::Bytes;

    use super::{FOR, MOST, Request, leave, left};

    /// A body of some parts, and who is told of each that is read.
    fn parts(parts: usize, each: usize) -> (impl Request, mpsc::UnboundedReceiver<usize>) {
        let (told, read) = mpsc::unbounded_channel();
        let some = stream::iter(0..parts).map(move |part| {
            told.send(part).ok();
            Ok::<_, Status>(Frame::data(Bytes::from(vec![0; each])))
        });
        (StreamBody::new(some), read)
    }

    #[tokio::test]
    async fn all_of_it_is_read_up_to_a_bound() {
        for (each, of, expected) in [(10, 3, 3), (MOST / 4, 100, 5)] {
            let (body, read) = parts(of, each);
            leave(body);
            left().unwrap().await;
            assert!(left().is_none());
            assert_eq!(read.len(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_is_silent_is_not_waited_for_for_ever() {
        let silent = stream::pending::<Result<Frame<Bytes>, Status>>();
        let begun = Instant::now();
        leave(StreamBody::new(silent));
        left().unwrap().await;
        assert_eq!(begun.elapsed(), FOR);
    }
}
