//! A stream of log pages that the connector makes on its own threads.
//! The server's threads only wait for the next page.

use std::panic::resume_unwind;

use connector_core::Result;
use connector_core::logs::LogPage;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::mpsc;

use super::isolation::{Workplace, caught};
use crate::scrub::{KnownSecrets, Scrub};

/// Pages made ahead of the reader.
const AHEAD: usize = 1;

/// The same pages, made on the connector's threads. It ends there when the reader leaves; a panic
/// goes on where the pages are read, so that the reader sees what it would see without threads.
pub(super) fn elsewhere(
    workplace: &Workplace,
    mut pages: BoxStream<'static, Result<LogPage>>,
) -> BoxStream<'static, Result<LogPage>> {
    let (send, receive) = mpsc::channel(AHEAD);
    workplace.detach(async move {
        loop {
            let page = tokio::select! {
                page = caught(pages.next()) => page,
                () = send.closed() => return,
            };
            let known = KnownSecrets::of_process();
            let (page, last) = match page {
                Ok(None) => return,
                Ok(Some(Ok(mut page))) => {
                    known.log_page(&mut page);
                    (Ok(Ok(page)), false)
                }
                Ok(Some(Err(error))) => (Ok(Err(known.connector_error(error))), false),
                Err(mut message) => {
                    known.text(&mut message);
                    (Err(message), true)
                }
            };
            if send.send(page).await.is_err() || last {
                return;
            }
        }
    });
    stream::unfold(receive, |mut receive| async move {
        let page = receive.recv().await?;
        Some((page.unwrap_or_else(|message| resume_unwind(Box::new(message))), receive))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use connector_core::logs::LogPage;
    use connector_core::policy::Isolation;
    use futures_util::StreamExt;
    use futures_util::stream;
    use tokio::runtime::Handle;
    use tokio::sync::oneshot;

    use super::elsewhere;
    use crate::isolation::{Places, Workplace, panic_message};

    fn workplace() -> Workplace {
        let server = Handle::current();
        let places = Places::new(server.clone());
        Workplace::new("test", Isolation::Own, 1, server, places)
    }

    #[tokio::test]
    async fn pages_arrive_in_order_and_a_panic_is_the_last() {
        let pages = stream::iter(0..4).map(|n| {
            assert!(n < 2, "no more");
            Ok(LogPage::new([]).next_token(n.to_string()))
        });
        let told: Vec<String> = AssertUnwindSafe(elsewhere(&workplace(), pages.boxed()))
            .catch_unwind()
            .map(|page| match page {
                Ok(page) => page.unwrap().next_token.unwrap(),
                Err(panic) => panic_message(&*panic),
            })
            .collect()
            .await;
        assert_eq!(told, ["0", "1", "no more"]);
    }

    #[tokio::test]
    async fn a_reader_who_leaves_ends_it() {
        struct Told(Option<oneshot::Sender<()>>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.take().expect("once").send(()).ok();
            }
        }
        let (ended, end) = oneshot::channel();
        let held = Told(Some(ended));
        let pages = stream::pending().map(move |()| {
            let _held = &held;
            Ok(LogPage::default())
        });
        drop(elsewhere(&workplace(), pages.boxed()));
        end.await.expect("the stream was dropped");
    }
}
